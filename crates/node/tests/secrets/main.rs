//! A whole story, everything at trace level: no secret is in anything that its processes print or log, and
//! nothing that a home directory or a relay keeps is open to others.
//!
//! Not among the whole-process tests, which link none of the code: to know what to look for, this one opens
//! what its people hold.

mod leak;
mod story;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use leak::{Secret, leaks};
use story::Story;

#[test]
fn a_whole_story_at_trace_level_tells_no_secret() {
    let story = Story::told();
    let secrets = story.secrets();
    let said = story.said();
    // What is searched is what was said, and it is not nothing.
    let text = String::from_utf8_lossy(&said);
    for must in
        ["\"level\":\"TRACE\"", "admitted", "\"event\":\"up\"", "in_sync", "Wake up to light", "passphrase"]
    {
        assert!(text.contains(must), "the story does not say {must}");
    }
    let kinds = ["device", "recovery", "passphrase", "epoch key", "blob key", "invite", "relay"];
    for kind in kinds {
        assert!(secrets.iter().any(|secret| secret.name.contains(kind)), "no {kind} is looked for");
    }
    // The search finds each of them, in each form, wherever it is slipped in.
    for secret in &secrets {
        for (form, bytes) in secret.forms() {
            let planted = [&said[..1_000], &bytes, &said[1_000..2_000]].concat();
            let found = leaks(std::slice::from_ref(secret), &planted);
            assert!(!found.is_empty(), "{} as {form} is not found", secret.name);
        }
    }
    assert_eq!(leaks(&secrets, &said), Vec::<String>::new());
}

#[test]
fn a_secret_is_found_in_the_middle_of_something_larger() {
    let secret = Secret::bytes("a seed", &[0x5a; 32]);
    let blob = [&b"some bytes before"[..], &[0x5a; 32], b"and some after"].concat();
    let larger = [
        data_encoding::BASE32_NOPAD.encode(&blob).to_lowercase(),
        data_encoding::BASE64.encode(&blob),
        data_encoding::BASE64URL_NOPAD.encode(&blob),
        data_encoding::HEXUPPER.encode(&blob),
        format!("{blob:?}"),
    ];
    for text in larger {
        assert!(!leaks(std::slice::from_ref(&secret), text.as_bytes()).is_empty(), "{text}");
    }
    assert!(leaks(&[secret], b"nothing of the kind").is_empty());
}

/// Every file and folder below one, itself included.
fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_path_buf()];
    let mut next = 0;
    while let Some(path) = all.get(next).cloned() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("it can be listed");
            all.extend(entries.map(|entry| entry.expect("a listed entry can be read").path()));
        }
        next += 1;
    }
    all
}

#[test]
fn what_homes_and_relays_keep_is_their_owners_alone() {
    let story = Story::told();
    let mut all: Vec<PathBuf> = story.homes().iter().flat_map(|home| all_below(home)).collect();
    assert!(all.len() > 20, "only {} files and folders are looked at", all.len());
    // Nobody else enters the relay's folder; what matters in it says so by itself as well.
    all.extend(["relay", "relay/relay.key", "relay/relay.redb"].map(|name| story.place(name)));
    let open = all.iter().filter_map(|path| {
        let meta = fs::symlink_metadata(path).expect("it is there");
        let mode = meta.permissions().mode() & 0o777;
        let want = if meta.is_dir() { 0o700 } else { 0o600 };
        (mode != want).then(|| format!("{} is {mode:o}", path.display()))
    });
    assert_eq!(open.collect::<Vec<_>>(), Vec::<String>::new());
}
