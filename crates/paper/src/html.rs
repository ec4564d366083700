//! The document as one page for a browser: no script, nothing from elsewhere, good on paper.

use crate::block::{Block, Cell, StageBox};

const STYLE: &str = include_str!("paper.css");

/// The page of these blocks.
pub fn html(title: &str, blocks: &[Block]) -> String {
    let mut out = String::with_capacity(1 << 16);
    out.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // What people wrote is only ever text; should a mistake let markup through, it can do nothing.
    out.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         img-src data:\">\n<meta name=\"viewport\" content=\"width=device-width\">\n",
    );
    out.push_str(&format!(
        "<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escaped(title)
    ));
    out.push_str(&fragment(blocks));
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// The blocks as markup within a page.
pub fn fragment(blocks: &[Block]) -> String {
    let mut out = String::new();
    blocks.iter().for_each(|block| write(block, &mut out));
    out
}

fn write(block: &Block, out: &mut String) {
    match block {
        Block::Cover { kind, title, outcome, good } => {
            let class = if *good { "good" } else { "bad" };
            let (kind, title, outcome) = (escaped(kind), escaped(title), escaped(outcome));
            out.push_str(&format!(
                "<header>\n<p class=\"kind\">{kind}</p>\n<h1>{title}</h1>\n<p class=\"outcome {class}\">{outcome}</p>\n</header>\n"
            ));
        }
        Block::Heading(text) => out.push_str(&format!("<h2>{}</h2>\n", escaped(text))),
        Block::Subheading(text) => out.push_str(&format!("<h3>{}</h3>\n", escaped(text))),
        Block::Text(text) => out.push_str(&format!("<p>{}</p>\n", escaped(text))),
        Block::Quote(text) => out.push_str(&format!("<blockquote>{}</blockquote>\n", escaped(text))),
        Block::Fields(fields) => {
            out.push_str("<dl>\n");
            for (name, value) in fields {
                out.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", escaped(name), cell(value)));
            }
            out.push_str("</dl>\n");
        }
        Block::Table { caption, head, rows } => table(caption, head, rows, out),
        Block::List(points) => {
            out.push_str("<ul>\n");
            points.iter().for_each(|point| out.push_str(&format!("<li>{}</li>\n", escaped(point))));
            out.push_str("</ul>\n");
        }
        Block::Stages(stages) => {
            out.push_str("<ol class=\"route\">\n");
            stages.iter().for_each(|stage| out.push_str(&stage_box(stage)));
            out.push_str("</ol>\n");
        }
    }
}

fn table(caption: &str, head: &[(String, u32)], rows: &[Vec<Cell>], out: &mut String) {
    out.push_str(&format!("<table>\n<caption>{}</caption>\n<colgroup>", escaped(caption)));
    head.iter().for_each(|(_, width)| out.push_str(&format!("<col style=\"width:{width}%\">")));
    out.push_str("</colgroup>\n<thead><tr>");
    head.iter().for_each(|(name, _)| out.push_str(&format!("<th scope=\"col\">{}</th>", escaped(name))));
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        row.iter().for_each(|value| out.push_str(&format!("<td>{}</td>", cell(value))));
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
}

fn stage_box(stage: &StageBox) -> String {
    let class = if stage.good { "good" } else { "bad" };
    let lines: String = stage.lines.iter().map(|line| format!("<li>{}</li>", escaped(line))).collect();
    let (depth, title, outcome) = (stage.depth.min(6), escaped(&stage.title), escaped(&stage.outcome));
    format!(
        "<li class=\"depth{depth}\"><p><strong>{title}</strong> <span class=\"outcome {class}\">{outcome}</span></p>\
         <ul>{lines}</ul></li>\n"
    )
}

fn cell(cell: &Cell) -> String {
    let text = escaped(&cell.text);
    if cell.mono { format!("<code>{text}</code>") } else { text }
}

/// Text as text: nothing in it is markup, and nothing reorders what stands beside it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.push('\u{fffd}')
            }
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::html;
    use crate::block::{Block, Cell};

    #[test]
    fn what_people_wrote_is_text_and_never_markup() {
        let wild = "<script>alert(1)</script> \" ' & \u{202e}gpj.exe";
        let fields = vec![(wild.to_owned(), Cell::new(wild)), ("key".to_owned(), Cell::mono(wild))];
        let blocks = [
            Block::Heading(wild.into()),
            Block::Quote(wild.into()),
            Block::List(vec![wild.into()]),
            Block::Fields(fields),
            Block::Table {
                caption: wild.into(),
                head: vec![(wild.into(), 100)],
                rows: vec![vec![Cell::new(wild)]],
            },
        ];
        let page = html(wild, &blocks);
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains('\u{202e}'), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 10);
    }
}
