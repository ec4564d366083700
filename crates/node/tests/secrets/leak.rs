//! Looking for a secret in whatever form it may have slipped out.

use std::collections::BTreeSet;

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};

/// Something that nobody may read.
pub struct Secret {
    /// What it is, for whoever finds it.
    pub name: String,
    what: What,
}

enum What {
    Bytes(Vec<u8>),
    Words(String),
}

impl Secret {
    /// Secret bytes.
    pub fn bytes(name: impl Into<String>, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= 16, "what is shorter is found by chance");
        Self { name: name.into(), what: What::Bytes(bytes.to_vec()) }
    }

    /// Secret words: the whole text, or of a phrase any three words in a row.
    pub fn words(name: impl Into<String>, text: &str) -> Self {
        Self { name: name.into(), what: What::Words(text.to_owned()) }
    }

    /// Every form that is looked for, with its name.
    pub fn forms(&self) -> Vec<(String, Vec<u8>)> {
        match &self.what {
            What::Bytes(bytes) => forms_of_bytes(bytes),
            What::Words(text) => forms_of_words(text),
        }
    }
}

fn forms_of_bytes(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let list = |separator: &str| {
        let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
        numbers.join(separator).into_bytes()
    };
    let mut forms = vec![
        ("raw bytes".into(), bytes.to_vec()),
        ("a list of numbers".into(), list(", ")),
        ("a list of numbers without spaces".into(), list(",")),
        ("hex".into(), HEXLOWER.encode(bytes).into_bytes()),
        ("hex, upper case".into(), HEXUPPER.encode(bytes).into_bytes()),
    ];
    for shift in 0..5 {
        let text = within(&BASE32_NOPAD, 5, shift, bytes);
        forms.push((format!("base32, lower case, shifted by {shift}"), text.to_lowercase().into_bytes()));
        forms.push((format!("base32, shifted by {shift}"), text.into_bytes()));
    }
    for shift in 0..3 {
        for (name, encoding) in [("base64", &BASE64_NOPAD), ("base64url", &BASE64URL_NOPAD)] {
            let text = within(encoding, 6, shift, bytes);
            forms.push((format!("{name}, shifted by {shift}"), text.into_bytes()));
        }
    }
    forms
}

/// The characters that bytes come to when so many other bytes stand before them: those that hold nothing else.
fn within(encoding: &Encoding, bits: usize, shift: usize, bytes: &[u8]) -> String {
    let text = encoding.encode(&[vec![0; shift], bytes.to_vec()].concat());
    let (first, last) = ((8 * shift).div_ceil(bits), 8 * (shift + bytes.len()) / bits);
    text[first..last].to_owned()
}

fn forms_of_words(text: &str) -> Vec<(String, Vec<u8>)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() < 12 {
        return vec![("text".into(), text.as_bytes().to_vec())];
    }
    let mut forms = Vec::new();
    for three in words.windows(3) {
        for separator in [" ", ",", ", ", "\",\"", "\", \"", "\n"] {
            let form = three.join(separator);
            forms.push((format!("three words with {separator:?} between"), form.into_bytes()));
        }
    }
    forms
}

/// How many bytes of a form are looked up at once, before the rest is compared.
const HEAD_BYTES: usize = 8;

/// What of the secrets is in a text, and in which form; nothing where all is well.
pub fn leaks(secrets: &[Secret], text: &[u8]) -> Vec<String> {
    let mut heads: std::collections::BTreeMap<&[u8], Vec<(usize, usize)>> = std::collections::BTreeMap::new();
    let forms: Vec<_> = secrets.iter().map(Secret::forms).collect();
    for (s, forms) in forms.iter().enumerate() {
        for (f, (_, bytes)) in forms.iter().enumerate() {
            let head = bytes.get(..HEAD_BYTES).expect("no form is that short");
            heads.entry(head).or_default().push((s, f));
        }
    }
    let mut found = BTreeSet::new();
    for at in 0..text.len().saturating_sub(HEAD_BYTES - 1) {
        for (s, f) in heads.get(&text[at..at + HEAD_BYTES]).into_iter().flatten() {
            let (form, bytes) = &forms[*s][*f];
            if text[at..].starts_with(bytes) {
                found.insert(format!("{} as {form}", secrets[*s].name));
            }
        }
    }
    found.into_iter().collect()
}
