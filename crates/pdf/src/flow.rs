//! Blocks become lines at places on pages, and the tree of what they are.

use proofroom_paper::{Block, Cell, StageBox};

use crate::fonts::{Face, Fonts};

/// A4, in points.
pub(crate) const PAGE_WIDTH: f32 = 595.3;
pub(crate) const PAGE_HEIGHT: f32 = 841.9;
pub(crate) const MARGIN: f32 = 52.0;
const BOTTOM: f32 = PAGE_HEIGHT - 58.0;
const WIDTH: f32 = PAGE_WIDTH - 2.0 * MARGIN;
const GAP: f32 = 8.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Text,
    Faint,
    Line,
    Good,
    Bad,
}

/// One line of text at its place.
pub(crate) struct Line {
    pub page: usize,
    pub x: f32,
    pub y: f32,
    pub face: Face,
    pub size: f32,
    pub ink: Ink,
    pub text: String,
    /// A repetition for the eye: no part of the document's text.
    pub decoration: bool,
}

/// A filled rectangle.
pub(crate) struct Rule {
    pub page: usize,
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub ink: Ink,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Title,
    Heading,
    Subheading,
    Paragraph,
    Quote,
    List,
    Item,
    ItemBody,
    Table,
    Row,
    Head,
    RowHead,
    Cell,
}

/// What lines are, for those who cannot see them.
pub(crate) struct Element {
    pub kind: Kind,
    pub title: String,
    pub lines: Vec<usize>,
    pub children: Vec<Element>,
}

/// How a text is set.
#[derive(Clone, Copy)]
struct Style {
    face: Face,
    size: f32,
    ink: Ink,
}

const BODY: Style = Style { face: Face::Text, size: 9.5, ink: Ink::Text };
const FAINT: Style = Style { face: Face::Text, size: 9.5, ink: Ink::Faint };
const SMALL: Style = Style { face: Face::Text, size: 8.5, ink: Ink::Text };
const SMALL_HEAD: Style = Style { face: Face::Bold, size: 8.0, ink: Ink::Faint };
const DIGITS: Style = Style { face: Face::Mono, size: 7.4, ink: Ink::Text };

impl Style {
    const fn leading(self) -> f32 {
        self.size * 1.42
    }

    const fn with(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }
}

/// A document on its pages.
pub(crate) struct Flow<'a> {
    fonts: &'a Fonts,
    pub pages: usize,
    y: f32,
    pub lines: Vec<Line>,
    pub rules: Vec<Rule>,
    pub elements: Vec<Element>,
    /// Section headings: text, page, height on it.
    pub headings: Vec<(String, usize, f32)>,
}

impl<'a> Flow<'a> {
    pub fn of(blocks: &[Block], fonts: &'a Fonts) -> Self {
        let mut flow = Self {
            fonts,
            pages: 1,
            y: MARGIN,
            lines: Vec::new(),
            rules: Vec::new(),
            elements: Vec::new(),
            headings: Vec::new(),
        };
        blocks.iter().for_each(|block| flow.block(block));
        flow
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Cover { kind, title, outcome, good } => self.cover(kind, title, outcome, *good),
            Block::Heading(text) => self.heading(text),
            Block::Subheading(text) => {
                self.room(60.0);
                self.y += GAP;
                self.text(
                    Kind::Subheading,
                    text,
                    Style { face: Face::Bold, size: 10.5, ink: Ink::Text },
                    0.0,
                );
                self.y += 2.0;
            }
            Block::Text(text) => {
                self.text(Kind::Paragraph, text, BODY, 0.0);
                self.y += GAP;
            }
            Block::Quote(text) => self.quote(text),
            Block::Fields(fields) => self.fields(fields),
            Block::Table { caption, head, rows } => self.table(caption, head, rows),
            Block::List(points) => self.list(points),
            Block::Stages(stages) => self.stages(stages),
        }
    }

    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.pages += 1;
            self.y = MARGIN;
        }
    }

    /// Puts one line down; the page must have room.
    fn put(&mut self, text: String, style: Style, x: f32, decoration: bool) -> usize {
        let (page, y) = (self.pages - 1, self.y + style.size);
        let Style { face, size, ink } = style;
        self.lines.push(Line { page, x: MARGIN + x, y, face, size, ink, text, decoration });
        self.lines.len() - 1
    }

    /// Running lines, each with room of its own.
    fn run(&mut self, text: &str, style: Style, x: f32, width: f32) -> Vec<usize> {
        let mut lines = Vec::new();
        for line in self.fonts.wrapped(style.face, style.size, text, width) {
            self.room(style.leading());
            if !line.is_empty() {
                lines.push(self.put(line, style, x, false));
            }
            self.y += style.leading();
        }
        lines
    }

    fn text(&mut self, kind: Kind, text: &str, style: Style, x: f32) {
        let lines = self.run(text, style, x, WIDTH - x);
        self.elements.push(Element { kind, title: text.to_owned(), lines, children: Vec::new() });
    }

    fn rule(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.rules.push(Rule { page: self.pages - 1, x: MARGIN + x, y, width, height, ink });
    }

    fn cover(&mut self, kind: &str, title: &str, outcome: &str, good: bool) {
        self.text(Kind::Paragraph, kind, FAINT.with(Ink::Faint), 0.0);
        self.y += 2.0;
        self.text(Kind::Title, title, Style { face: Face::Bold, size: 23.0, ink: Ink::Text }, 0.0);
        self.y += 2.0;
        let ink = if good { Ink::Good } else { Ink::Bad };
        self.text(Kind::Paragraph, outcome, Style { face: Face::Bold, size: 14.0, ink }, 0.0);
        self.y += 6.0;
        let y = self.y;
        self.rule(0.0, y, WIDTH, 1.6, Ink::Text);
        self.y += 16.0;
    }

    /// A heading, with room for a sentence and the beginning of a table: none stands at a page's end.
    fn heading(&mut self, text: &str) {
        self.room(140.0);
        if self.y > MARGIN {
            self.y += 14.0;
            let y = self.y;
            self.rule(0.0, y, WIDTH, 0.6, Ink::Line);
            self.y += 9.0;
        }
        self.headings.push((text.to_owned(), self.pages - 1, self.y));
        self.text(Kind::Heading, text, Style { face: Face::Bold, size: 13.5, ink: Ink::Text }, 0.0);
        self.y += 5.0;
    }

    fn quote(&mut self, text: &str) {
        let (page, from) = (self.pages, self.y);
        self.text(Kind::Quote, text, BODY, 12.0);
        let to = self.y;
        if page == self.pages {
            self.rule(0.0, from, 2.2, to - from, Ink::Line);
        }
        self.y += GAP;
    }

    /// Names and values: a table of two columns, the first of which heads its row.
    fn fields(&mut self, fields: &[(String, Cell)]) {
        let mut rows = Vec::new();
        for (name, value) in fields {
            let cells = [
                (name.as_str(), FAINT, 0.0, 140.0, Kind::RowHead),
                (value.text.as_str(), style(value, BODY), 152.0, WIDTH - 152.0, Kind::Cell),
            ];
            rows.push(self.row(&cells));
            self.y += 2.0;
        }
        self.elements.push(Element {
            kind: Kind::Table,
            title: "Names and values".into(),
            lines: Vec::new(),
            children: rows,
        });
        self.y += GAP;
    }

    /// One row: cells side by side, line by line, over the page's end where it must be.
    fn row(&mut self, cells: &[(&str, Style, f32, f32, Kind)]) -> Element {
        let set: Vec<Vec<String>> = cells
            .iter()
            .map(|(text, s, _, width, _)| self.fonts.wrapped(s.face, s.size, text, *width))
            .collect();
        let height = set.iter().map(Vec::len).max().unwrap_or(0);
        let leading = cells.iter().map(|(_, s, ..)| s.leading()).fold(0.0, f32::max);
        let short = height.min(6);
        self.room(leading * short as f32);
        let mut out: Vec<Element> = cells
            .iter()
            .map(|(text, .., kind)| Element {
                kind: *kind,
                title: (*text).to_owned(),
                lines: Vec::new(),
                children: Vec::new(),
            })
            .collect();
        for at in 0..height {
            self.room(leading);
            for (i, (_, style, x, _, _)) in cells.iter().enumerate() {
                if let Some(line) = set[i].get(at).filter(|line| !line.is_empty()) {
                    let id = self.put(line.clone(), *style, *x, false);
                    out[i].lines.push(id);
                }
            }
            self.y += leading;
        }
        Element { kind: Kind::Row, title: String::new(), lines: Vec::new(), children: out }
    }

    fn table(&mut self, caption: &str, head: &[(String, u32)], rows: &[Vec<Cell>]) {
        let columns = columns(head);
        self.room(46.0);
        let mut children = vec![self.table_head(head, &columns)];
        for row in rows {
            let cells: Vec<(&str, Style, f32, f32, Kind)> = row
                .iter()
                .zip(&columns)
                .map(|(cell, (x, width))| (cell.text.as_str(), style(cell, SMALL), *x, *width, Kind::Cell))
                .collect();
            let page = self.pages;
            self.y += 2.5;
            self.room(SMALL.leading() * 2.0);
            if self.pages != page {
                self.repeat_head(head, &columns);
            }
            children.push(self.row(&cells));
            self.y += 2.5;
            let y = self.y;
            self.rule(0.0, y, WIDTH, 0.4, Ink::Line);
        }
        self.elements.push(Element {
            kind: Kind::Table,
            title: caption.to_owned(),
            lines: Vec::new(),
            children,
        });
        self.y += GAP;
    }

    fn table_head(&mut self, head: &[(String, u32)], columns: &[(f32, f32)]) -> Element {
        let cells: Vec<(&str, Style, f32, f32, Kind)> = head
            .iter()
            .zip(columns)
            .map(|((name, _), (x, width))| (name.as_str(), SMALL_HEAD, *x, *width, Kind::Head))
            .collect();
        let row = self.row(&cells);
        self.y += 2.0;
        let y = self.y;
        self.rule(0.0, y, WIDTH, 0.8, Ink::Text);
        self.y += 2.0;
        row
    }

    /// The head again on a new page, for the eye only.
    fn repeat_head(&mut self, head: &[(String, u32)], columns: &[(f32, f32)]) {
        for ((name, _), (x, width)) in head.iter().zip(columns) {
            let text = self.fonts.fitting(SMALL_HEAD.face, SMALL_HEAD.size, name, *width);
            self.put(text, SMALL_HEAD, *x, true);
        }
        self.y += SMALL_HEAD.leading() + 2.0;
        let y = self.y;
        self.rule(0.0, y, WIDTH, 0.8, Ink::Text);
        self.y += 2.0;
    }

    fn list(&mut self, points: &[String]) {
        let mut items = Vec::new();
        for point in points {
            self.room(BODY.leading());
            self.put("•".into(), BODY, 2.0, true);
            let lines = self.run(point, BODY, 14.0, WIDTH - 14.0);
            items.push(item(lines, point));
            self.y += 2.0;
        }
        self.elements.push(Element {
            kind: Kind::List,
            title: String::new(),
            lines: Vec::new(),
            children: items,
        });
        self.y += GAP;
    }

    fn stages(&mut self, stages: &[StageBox]) {
        let mut items = Vec::new();
        for stage in stages {
            let x = 18.0 * [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0][stage.depth.min(6)];
            self.room(52.0);
            let (page, from) = (self.pages, self.y);
            self.y += 5.0;
            let bold = Style { face: Face::Bold, size: 10.0, ink: Ink::Text };
            let title = format!("{}: {}", stage.title, stage.outcome);
            let ink = if stage.good { Ink::Good } else { Ink::Bad };
            let mut lines = self.run(&title, bold.with(ink), x + 12.0, WIDTH - x - 20.0);
            for line in &stage.lines {
                lines.extend(self.run(line, SMALL, x + 12.0, WIDTH - x - 20.0));
            }
            self.y += 5.0;
            if page == self.pages {
                let height = self.y - from;
                self.rule(x, from, 3.0, height, Ink::Text);
                self.rule(x, from, WIDTH - x, 0.4, Ink::Line);
                self.rule(x, from + height, WIDTH - x, 0.4, Ink::Line);
            }
            self.y += 6.0;
            items.push(item(lines, &title));
        }
        self.elements.push(Element {
            kind: Kind::List,
            title: String::new(),
            lines: Vec::new(),
            children: items,
        });
        self.y += GAP;
    }
}

fn item(lines: Vec<usize>, title: &str) -> Element {
    let body = Element { kind: Kind::ItemBody, title: title.to_owned(), lines, children: Vec::new() };
    Element { kind: Kind::Item, title: title.to_owned(), lines: Vec::new(), children: vec![body] }
}

fn style(cell: &Cell, plain: Style) -> Style {
    if cell.mono { DIGITS } else { plain }
}

/// Where each column begins, and how wide it is without the gap after it.
fn columns(head: &[(String, u32)]) -> Vec<(f32, f32)> {
    let part = |n: u32| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
    let all: f32 = head.iter().map(|(_, n)| part(*n)).sum::<f32>().max(1.0);
    let mut x = 0.0;
    let mut out = Vec::with_capacity(head.len());
    for (_, n) in head {
        let width = WIDTH * part(*n) / all;
        out.push((x, (width - 9.0).max(10.0)));
        x += width;
    }
    out
}
