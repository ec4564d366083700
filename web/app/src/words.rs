//! Display labels of the domain's words, and times and sizes for people.

/// A word of the domain as a label: `changes_required` becomes `Changes required`.
pub(crate) fn label(word: &str) -> String {
    let text = word.replace('_', " ");
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// How a word is coloured: `good`, `bad`, `warn`, `busy` or `calm`.
pub(crate) fn tone(word: &str) -> &'static str {
    match word {
        "approved" | "verified" | "addressed" | "praise" => "good",
        "rejected" | "blocker" | "changes_required" => "bad",
        "approved_with_changes" | "task" | "question" => "warn",
        "in_progress" | "open" | "change" => "busy",
        _ => "calm",
    }
}

/// A time of the past, for people.
pub(crate) fn ago(ms: u64) -> String {
    if ms == 0 {
        return "never".into();
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970")]
    let seconds = (js_sys::Date::now() - ms as f64) / 1_000.0;
    match seconds {
        s if s < 60.0 => "just now".into(),
        s if s < 3_600.0 => format!("{:.0} min ago", (s / 60.0).floor()),
        s if s < 86_400.0 => format!("{:.0} h ago", (s / 3_600.0).floor()),
        s => format!("{:.0} d ago", (s / 86_400.0).floor()),
    }
}

/// A size for people.
pub(crate) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    match bytes {
        b if b < 1_000 => format!("{b} B"),
        b if b < 1_000_000 => format!("{:.1} KB", b as f64 / 1e3),
        b if b < 1_000_000_000 => format!("{:.1} MB", b as f64 / 1e6),
        b => format!("{:.1} GB", b as f64 / 1e9),
    }
}

/// `1 comment`, `2 comments`.
pub(crate) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
