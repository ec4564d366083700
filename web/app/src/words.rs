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

/// A day for people: `3 Mar 2026`.
pub(crate) fn date(ms: u64) -> String {
    let options = js_sys::Object::new();
    for (key, value) in [("day", "numeric"), ("month", "short"), ("year", "numeric")] {
        // Setting a field of a fresh object does not fail.
        let _set = js_sys::Reflect::set(&options, &key.into(), &value.into());
    }
    spoken(ms, &options)
}

/// A day and a time for people: `3 Mar 2026, 14:05`.
pub(crate) fn moment(ms: u64) -> String {
    let options = js_sys::Object::new();
    for (key, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        // Setting a field of a fresh object does not fail.
        let _set = js_sys::Reflect::set(&options, &key.into(), &value.into());
    }
    spoken(ms, &options)
}

fn spoken(ms: u64, options: &js_sys::Object) -> String {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970")]
    let date = js_sys::Date::new(&(ms as f64).into());
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::of1(&"en-GB".into()), options).format();
    let said = format.call1(&wasm_bindgen::JsValue::UNDEFINED, &date);
    said.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// When something is due, from here: `due in 3 h`, `2 d late`; nothing where it is not.
pub(crate) fn due(ms: u64) -> String {
    if ms == 0 {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970")]
    let seconds = (ms as f64 - js_sys::Date::now()) / 1_000.0;
    let span = |s: f64| match s {
        s if s < 3_600.0 => format!("{:.0} min", (s / 60.0).ceil()),
        s if s < 172_800.0 => format!("{:.0} h", (s / 3_600.0).round()),
        s => format!("{:.0} d", (s / 86_400.0).round()),
    };
    if seconds < 0.0 { format!("{} late", span(-seconds)) } else { format!("due in {}", span(seconds)) }
}

/// For how long something is where it is, in days; nothing below two.
pub(crate) fn age(ms: u64) -> Option<u32> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970")]
    let days = (js_sys::Date::now() - ms as f64) / 86_400_000.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of days")]
    (ms > 0 && days >= 2.0).then_some(days as u32)
}
