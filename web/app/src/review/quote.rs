//! Quotes: from what is selected to an anchor, and from an anchor to the place in the text.

use std::sync::Arc;

use js_sys::{Array, Function, Reflect};
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, Node, Range};

use super::Desk;
use super::desk::Thread;

/// Characters of context that are kept on either side.
const CONTEXT: usize = 48;
/// The longest quote, in characters.
const QUOTE_MAX: usize = 4_000;
/// `NodeFilter.SHOW_TEXT`.
const SHOW_TEXT: u32 = 4;

/// What is selected within an element: the text, and what stands before and after it.
pub(crate) fn selected(within: &Element) -> Option<[String; 3]> {
    let selection = web_sys::window()?.get_selection().ok()??;
    if selection.is_collapsed() || selection.range_count() == 0 {
        return None;
    }
    let range = selection.get_range_at(0).ok()?;
    if !within.contains(Some(&range.common_ancestor_container().ok()?)) {
        return None;
    }
    let (text, spots) = (text_of(within), Spots::of(within));
    let from = spots.offset(&range.start_container().ok()?, range.start_offset().ok()?)?;
    let to = spots.offset(&range.end_container().ok()?, range.end_offset().ok()?)?;
    let units: Vec<u16> = text.encode_utf16().collect();
    let part = |from: usize, to: usize| String::from_utf16_lossy(units.get(from..to).unwrap_or_default());
    let exact = part(from, to);
    let lead = exact.encode_utf16().count() - exact.trim_start().encode_utf16().count();
    let (from, exact) = (from + lead, exact.trim().chars().take(QUOTE_MAX).collect::<String>());
    if exact.is_empty() {
        return None;
    }
    let end = from + exact.encode_utf16().count();
    let before: Vec<char> = part(0, from).chars().collect();
    let prefix = before[before.len().saturating_sub(CONTEXT)..].iter().collect();
    let suffix = part(end, units.len()).chars().take(CONTEXT).collect();
    Some([exact, prefix, suffix])
}

fn text_of(within: &Element) -> String {
    within.text_content().unwrap_or_default()
}

/// The text nodes of an element, and where each begins, in UTF-16 code units.
struct Spots(Vec<(Node, usize, usize)>);

impl Spots {
    fn of(within: &Element) -> Self {
        let walker = web_sys::window()
            .and_then(|w| w.document())
            .and_then(|d| d.create_tree_walker_with_what_to_show(within, SHOW_TEXT).ok());
        let (mut spots, mut at) = (Vec::new(), 0);
        while let Some(node) = walker.as_ref().and_then(|w| w.next_node().ok().flatten()) {
            let length = node.text_content().unwrap_or_default().encode_utf16().count();
            spots.push((node, at, length));
            at += length;
        }
        Self(spots)
    }

    fn offset(&self, node: &Node, offset: u32) -> Option<usize> {
        let offset = usize::try_from(offset).ok()?;
        if let Some((_, at, _)) = self.0.iter().find(|(n, ..)| n.is_same_node(Some(node))) {
            return Some(at + offset);
        }
        // Between elements: where the child begins, or the end of the last one.
        let child = node.child_nodes().item(u32::try_from(offset).ok()?);
        match child {
            Some(child) => self.0.iter().find(|(n, ..)| child.contains(Some(n))).map(|(_, at, _)| *at),
            None => {
                self.0.iter().rev().find(|(n, ..)| node.contains(Some(n))).map(|(_, at, length)| at + length)
            }
        }
    }

    fn range(&self, from: usize, to: usize) -> Option<Range> {
        let spot = |at: usize, end: bool| {
            let inside = |(_, begin, length): &&(Node, usize, usize)| {
                if end { *begin < at && at <= begin + length } else { *begin <= at && at < begin + length }
            };
            let (node, begin, _) = self.0.iter().find(inside)?;
            Some((node.clone(), u32::try_from(at - begin).ok()?))
        };
        let ((a, a_at), (b, b_at)) = (spot(from, false)?, spot(to, true)?);
        let range = Range::new().ok()?;
        range.set_start(&a, a_at).ok()?;
        range.set_end(&b, b_at).ok()?;
        Some(range)
    }
}

/// Where a quote stands in a text, in UTF-16 code units: the place whose context fits best; else the
/// same words with other spaces between them.
pub(crate) fn find(text: &str, [exact, prefix, suffix]: &[String; 3]) -> Option<(usize, usize)> {
    let shared = |a: &mut dyn Iterator<Item = (char, char)>| a.take_while(|(a, b)| a == b).count();
    let fit = |at: usize, end: usize| {
        let before = shared(&mut text[..at].chars().rev().zip(prefix.chars().rev()));
        before + shared(&mut text[end..].chars().zip(suffix.chars()))
    };
    let units = |at: usize| text[..at].encode_utf16().count();
    let best = text.match_indices(exact.as_str()).map(|(at, _)| (at, at + exact.len()));
    let best = best.max_by_key(|(at, end)| fit(*at, *end)).or_else(|| find_words(text, exact))?;
    Some((units(best.0), units(best.1)))
}

/// The same words in the same order, whatever space is between them.
fn find_words(text: &str, exact: &str) -> Option<(usize, usize)> {
    let wanted: Vec<char> = exact.chars().filter(|c| !c.is_whitespace()).collect();
    let held: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| !c.is_whitespace()).collect();
    if wanted.is_empty() || wanted.len() > held.len() {
        return None;
    }
    let at = held.windows(wanted.len()).position(|w| w.iter().map(|(_, c)| c).eq(wanted.iter()))?;
    let (last, c) = held[at + wanted.len() - 1];
    Some((held[at].0, last + c.len_utf8()))
}

/// Marks the quotes of all comments in a text, and names those that are not there any more.
#[component]
pub(crate) fn Quotes(
    within: NodeRef<Div>,
    /// Counts up whenever the text is another one.
    laid: RwSignal<u64>,
    /// The page that is shown, where there are pages.
    page: Option<RwSignal<u32>>,
) -> impl IntoView {
    let desk: Desk = expect_context();
    let orphans = RwSignal::new(Vec::<Arc<Thread>>::new());
    Effect::new(move |_| {
        laid.track();
        let Some(element) = within.get() else { return };
        let (text, spots) = (text_of(&element), Spots::of(&element));
        let chosen = desk.chosen.get();
        let (mut plain, mut strong, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        for thread in desk.threads.get() {
            let place = &thread.comment.place;
            let Some(quote) = &place.quote else { continue };
            if page.is_some() && place.page.is_some() && place.page != page.map(|p| p.get_untracked()) {
                continue;
            }
            match find(&text, quote).and_then(|(from, to)| spots.range(from, to)) {
                Some(range) if thread.comment.key == chosen => strong.push(range),
                Some(range) => plain.push(range),
                None if text.is_empty() => {}
                None => lost.push(thread.clone()),
            }
        }
        if let Some(range) = strong.first()
            && page.is_none()
            && let Ok(Some(element)) = range.start_container().map(|n| n.parent_element())
        {
            element.scroll_into_view_with_bool(false);
        }
        highlight("quote", &plain);
        highlight("quote-chosen", &strong);
        if orphans.with_untracked(|old| *old != lost) {
            orphans.set(lost);
        }
    });
    on_cleanup(|| {
        highlight("quote", &[]);
        highlight("quote-chosen", &[]);
    });
    move || {
        (!orphans.with(Vec::is_empty)).then(|| {
            view! {
                <div class="orphans" role="note"><p>"Quotes that are not in the text any more:"</p>
                    <ul>{orphans.get().into_iter().map(|t| {
                        let quote = t.comment.place.quote.as_ref().map(|q| q[0].clone()).unwrap_or_default();
                        view! { <li><button class="link" on:click=move |_| desk.choose(&t.comment)>{format!("Comment {}: “{quote}”", t.n)}</button></li> }
                    }).collect_view()}</ul></div>
            }
        })
    }
}

/// Marks ranges without touching what they mark (the CSS Custom Highlight API).
fn highlight(name: &str, ranges: &[Range]) {
    let marked = || -> Result<(), JsValue> {
        let global = js_sys::global();
        let registry = Reflect::get(&Reflect::get(&global, &"CSS".into())?, &"highlights".into())?;
        let set: Function = Reflect::get(&registry, &"set".into())?.dyn_into()?;
        let make: Function = Reflect::get(&global, &"Highlight".into())?.dyn_into()?;
        let marks = Reflect::construct(&make, &ranges.iter().collect::<Array>())?;
        set.call2(&registry, &name.into(), &marks).map(|_| ())
    };
    // A browser without it shows the quote in the list, only not in the text.
    let _marked = marked();
}
