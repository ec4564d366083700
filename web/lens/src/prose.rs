//! Written work, from a file's bytes to blocks of text. What a file says in HTML is shown as it
//! is written.

use proofroom_web_wire::{Block, BlockKind, Run};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
/// Longest text that is shown, in bytes.
const BYTES_MAX: usize = 8 << 20;

/// Reads a file of this media type.
///
/// # Errors
/// When it cannot be shown as text, and why.
pub(crate) fn prose(media_type: &str, bytes: &[u8]) -> Result<Vec<Block>, String> {
    if bytes.len() > BYTES_MAX {
        return Err(format!("the text has {} bytes; this screen shows {BYTES_MAX} at most", bytes.len()));
    }
    match media_type {
        "text/markdown" => Ok(markdown(&String::from_utf8_lossy(bytes))),
        DOCX => Ok(plain(&proofroom_compare::text_of_docx(bytes)?.replace('\n', "\n\n"))),
        kind if kind.starts_with("text/") => Ok(plain(&String::from_utf8_lossy(bytes))),
        other => Err(format!("files of the kind {other} are not shown as text")),
    }
}

/// Paragraphs, parted by empty lines.
fn plain(text: &str) -> Vec<Block> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let block = |part: &str| Block {
        kind: BlockKind::Verbatim,
        runs: vec![Run { text: part.trim_end().to_owned(), ..Run::default() }],
    };
    text.split("\n\n").filter(|part| !part.trim().is_empty()).map(block).collect()
}

fn markdown(text: &str) -> Vec<Block> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut page = Page::default();
    for event in Parser::new_ext(text, options) {
        page.take(event);
    }
    page.end();
    page.blocks
}

/// Blocks as they come, and the one that is open.
#[derive(Default)]
struct Page {
    blocks: Vec<Block>,
    open: Vec<Run>,
    kind: Option<BlockKind>,
    style: Run,
    /// The lists that are open, each with its next number.
    lists: Vec<Option<u64>>,
    quotes: u32,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.stop(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.say(&text, false),
            Event::Code(text) => self.say(&text, true),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.say(&text, true),
            Event::FootnoteReference(text) => self.say(&format!("[{text}]"), false),
            Event::SoftBreak => self.say(" ", false),
            Event::HardBreak => self.say("\n", false),
            Event::Rule => {
                self.end();
                self.blocks.push(Block { kind: BlockKind::Rule, runs: Vec::new() });
            }
            Event::TaskListMarker(done) => self.say(if done { "☑ " } else { "☐ " }, false),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => self.begin(BlockKind::Heading(depth(level))),
            Tag::Paragraph if self.kind.is_none() => {
                self.begin(if self.quotes > 0 { BlockKind::Quote } else { BlockKind::Paragraph });
            }
            Tag::CodeBlock(_) | Tag::HtmlBlock => self.begin(BlockKind::Verbatim),
            Tag::BlockQuote(_) => self.quotes += 1,
            Tag::List(first) => {
                self.end();
                self.lists.push(first);
            }
            Tag::Item => {
                let depth = u8::try_from(self.lists.len()).unwrap_or(u8::MAX);
                let number = self.lists.last().copied().flatten();
                if let Some(Some(next)) = self.lists.last_mut() {
                    *next = next.saturating_add(1);
                }
                self.begin(BlockKind::Item(depth, number));
            }
            Tag::TableHead | Tag::TableRow => self.begin(BlockKind::Row),
            Tag::Strong => self.style.strong = true,
            Tag::Emphasis => self.style.stressed = true,
            Tag::Strikethrough => self.style.struck = true,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.style.link = Some(dest_url.to_string())
            }
            _ => {}
        }
    }

    fn stop(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::Item => {
                self.end()
            }
            TagEnd::TableHead | TagEnd::TableRow => self.end(),
            TagEnd::TableCell => self.say("\t", false),
            TagEnd::BlockQuote(_) => self.quotes = self.quotes.saturating_sub(1),
            TagEnd::List(_) => {
                self.end();
                self.lists.pop();
            }
            TagEnd::Strong => self.style.strong = false,
            TagEnd::Emphasis => self.style.stressed = false,
            TagEnd::Strikethrough => self.style.struck = false,
            TagEnd::Link | TagEnd::Image => self.style.link = None,
            _ => {}
        }
    }

    fn begin(&mut self, kind: BlockKind) {
        self.end();
        self.kind = Some(kind);
    }

    fn say(&mut self, text: &str, code: bool) {
        self.open.push(Run { text: text.to_owned(), code, ..self.style.clone() });
    }

    fn end(&mut self) {
        let kind = self.kind.take();
        let runs = std::mem::take(&mut self.open);
        if runs.iter().any(|run| !run.text.trim().is_empty()) {
            self.blocks.push(Block { kind: kind.unwrap_or(BlockKind::Paragraph), runs });
        }
    }
}

fn depth(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::{BlockKind, prose};

    fn shown(markdown: &str) -> Vec<(BlockKind, String)> {
        let blocks = prose("text/markdown", markdown.as_bytes()).expect("Markdown is shown");
        blocks.into_iter().map(|b| (b.kind, b.runs.into_iter().map(|r| r.text).collect())).collect()
    }

    #[test]
    fn what_is_written_in_html_is_shown_and_not_run() {
        let shown = shown("Hello <b>you</b>\n\n<script>alert(1)</script>\n");
        assert_eq!(shown[0], (BlockKind::Paragraph, "Hello <b>you</b>".into()));
        assert!(shown[1].1.contains("<script>alert(1)</script>"), "{shown:?}");
    }

    #[test]
    fn headings_lists_and_tables_keep_their_shape() {
        let shown = shown(
            "# Title\n\n1. one\n2. two\n   - deeper\n\n> said\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n",
        );
        let kinds: Vec<BlockKind> = shown.iter().map(|(kind, _)| *kind).collect();
        let list = [BlockKind::Item(1, Some(1)), BlockKind::Item(1, Some(2)), BlockKind::Item(2, None)];
        let rest = [BlockKind::Quote, BlockKind::Row, BlockKind::Row, BlockKind::Rule];
        assert_eq!(kinds, [&[BlockKind::Heading(1)][..], &list, &rest].concat());
        assert_eq!(shown[5].1, "a\tb\t");
    }
}
