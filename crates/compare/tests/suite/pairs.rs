use proofroom_compare::{Detail, pair};
use proofroom_ident::{AssetId, ContentHash, HashWords as _, Millis, PersonId};
use proofroom_review::{FileRef, Manifest};

pub fn file(name: &str, media_type: &str, words: &str) -> FileRef {
    let content = ContentHash::of(words.as_bytes());
    FileRef { name: name.into(), media_type: media_type.into(), bytes: words.len() as u64, content }
}

fn version(files: &[FileRef]) -> Manifest {
    Manifest {
        asset: AssetId::from_bytes([1; 16]),
        parents: Vec::new(),
        files: files.to_vec(),
        note: String::new(),
        author: PersonId::from_bytes([2; 32]),
        claimed_at: Millis(1),
    }
}

fn check(before: &[FileRef], after: &[FileRef], wanted: &[(Option<&str>, Option<&str>, Option<Detail>)]) {
    let (before, after) = (version(before), version(after));
    let pairs = pair(&before, &after);
    let name = |file: Option<&FileRef>| file.map(|f| f.name.clone());
    let found: Vec<_> = pairs.iter().map(|p| (name(p.before), name(p.after), p.plain())).collect();
    let wanted: Vec<_> =
        wanted.iter().map(|(a, b, d)| (a.map(str::to_owned), b.map(str::to_owned), d.clone())).collect();
    assert_eq!(found, wanted);
}

#[test]
fn files_are_paired_by_bytes_then_name_then_type() {
    let png = |name: &str, words: &str| file(name, "image/png", words);
    check(&[png("a.png", "1")], &[png("a.png", "1")], &[(Some("a.png"), Some("a.png"), Some(Detail::Same))]);
    check(
        &[png("hero.png", "1")],
        &[png("hero-v2.png", "2")],
        &[(Some("hero.png"), Some("hero-v2.png"), None)],
    );
    check(
        &[png("hero.png", "1")],
        &[file("hero.jpg", "image/jpeg", "2")],
        &[(Some("hero.png"), Some("hero.jpg"), None)],
    );
    check(
        &[png("a.png", "1"), png("b.png", "2")],
        &[png("b.png", "1"), png("A.png", "3")],
        &[(Some("a.png"), Some("b.png"), Some(Detail::Same)), (Some("b.png"), Some("A.png"), None)],
    );
    check(
        &[png("a.png", "1"), file("b.txt", "text/plain", "2")],
        &[png("c.png", "3"), png("d.png", "4")],
        &[
            (None, Some("c.png"), Some(Detail::Added)),
            (None, Some("d.png"), Some(Detail::Added)),
            (Some("a.png"), None, Some(Detail::Removed)),
            (Some("b.txt"), None, Some(Detail::Removed)),
        ],
    );
}
