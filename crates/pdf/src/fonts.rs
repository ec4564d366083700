//! The fonts, and how wide words are in them.

use krilla::text::Font;

const TEXT: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed-Bold.ttf");
const MONO: &[u8] = include_bytes!("../fonts/DejaVuSansMono.ttf");
/// What stands where a font lacks a character.
const MISSING: char = '\u{fffd}';

/// A typeface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Text,
    Bold,
    Mono,
}

pub(crate) struct Fonts {
    faces: [(Font, ttf_parser::Face<'static>); 3],
}

impl Fonts {
    pub fn load() -> Option<Self> {
        let load = |bytes: &'static [u8]| {
            Some((Font::new(bytes.into(), 0)?, ttf_parser::Face::parse(bytes, 0).ok()?))
        };
        Some(Self { faces: [load(TEXT)?, load(BOLD)?, load(MONO)?] })
    }

    pub fn font(&self, face: Face) -> Font {
        self.faces[face as usize].0.clone()
    }

    /// The text as this face can write it: characters that it lacks become one that says so.
    pub fn written(&self, face: Face, text: &str) -> String {
        let known = |c: char| self.faces[face as usize].1.glyph_index(c).is_some();
        let clean = |c: char| match c {
            '\t' | '\n' | '\r' => ' ',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => MISSING,
            c if c.is_control() || !known(c) => MISSING,
            c => c,
        };
        text.chars().map(clean).collect()
    }

    /// How wide a text is, in points.
    pub fn width(&self, face: Face, size: f32, text: &str) -> f32 {
        let font = &self.faces[face as usize].1;
        let advance = |c: char| font.glyph_index(c).and_then(|g| font.glyph_hor_advance(g)).unwrap_or(0);
        let units: f32 = text.chars().map(|c| f32::from(advance(c))).sum();
        units * size / f32::from(font.units_per_em())
    }

    /// The text in lines of at most this width. Words that are longer are broken.
    pub fn wrapped(&self, face: Face, size: f32, text: &str, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in self.written(face, paragraph).split_whitespace() {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(face, size, &longer) <= width {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = self.broken(face, size, word, width, &mut lines);
            }
            lines.push(line);
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
        lines
    }

    /// A word in pieces of at most this width; the last one is given back.
    fn broken(&self, face: Face, size: f32, word: &str, width: f32, lines: &mut Vec<String>) -> String {
        let mut piece = String::new();
        for c in word.chars() {
            piece.push(c);
            if self.width(face, size, &piece) > width && piece.chars().count() > 1 {
                piece.pop();
                lines.push(std::mem::take(&mut piece));
                piece.push(c);
            }
        }
        piece
    }

    /// As much of a text as fits, with a mark where something is left out.
    pub fn fitting(&self, face: Face, size: f32, text: &str, width: f32) -> String {
        let mut text = self.written(face, text);
        if self.width(face, size, &text) <= width {
            return text;
        }
        while self.width(face, size, &format!("{text}…")) > width && text.pop().is_some() {}
        format!("{text}…")
    }
}
