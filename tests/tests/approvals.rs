//! Certificates as people use them: made on one machine, checked on another that has nothing but the file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use proofroom_tests::house::root;
use proofroom_tests::peer::{Peer, list, proofroom, string};
use proofroom_tests::python::python;
use proofroom_tests::relay::Relay;
use proofroom_tests::world::{World, copy_for_bo, meet, path};
use serde_json::Value;

/// The program on a machine with nothing: no home, no workspace, no network asked for.
fn stranger(args: &[&str]) -> Output {
    let mut command = Command::new(proofroom());
    command.env_clear().env("HOME", "nowhere").args(["--json", "verify"]).args(args);
    command.output().expect("the program starts")
}

fn verdict(args: &[&str]) -> (i32, Value) {
    let output = stranger(args);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    let json =
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?} printed no JSON ({e}): {out}{said}"));
    (output.status.code().expect("it ended by itself"), json)
}

fn failing(verdict: &Value) -> Vec<String> {
    list(verdict, "rows")
        .iter()
        .filter(|row| row["state"] == "fails")
        .map(|row| string(row, "check"))
        .collect()
}

/// What the second verifier, in Python, says of files: whether each holds, why not, and which relays gave their word.
fn second_opinion(files: &[&Path]) -> Vec<(bool, String, Vec<Value>)> {
    let output =
        Command::new(python()).arg(root().join("tests/verify.py")).args(files).output().expect("python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "verify.py: {said}");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("verify.py prints JSON");
        let words = list(&line, "words").iter().map(|word| word["relay"].clone()).collect();
        (line["holds"] == true, line["why"].as_str().unwrap_or_default().to_owned(), words)
    };
    lines.lines().map(read).collect()
}

/// Ada and Bo in one workspace; Bo has approved Ada's second version. The relay lives as long as its handle.
fn approved(world: &World) -> (Relay, Peer, Peer) {
    let (relay, ada, bo) = copy_for_bo(world);
    bo.run(&["comment", "add", "Copy", "Say it <b>shorter</b> & \"better\"", "--label", "change"]);
    bo.run(&["comment", "add", "Copy", "Between us: dull", "--team"]);
    meet(&[&bo, &ada]);
    ada.run(&["version", "add", "Copy", path(&world.place("two.txt")), "--note", "shorter"]);
    meet(&[&ada, &bo]);
    bo.run(&["decide", "Copy", "approved", "--reason", "reads well"]);
    meet(&[&bo, &ada]);
    (relay, ada, bo)
}

#[test]
fn an_approval_is_proved_to_somebody_who_has_nothing_but_the_file() {
    let world = World::new();
    let (_relay, ada, bo) = approved(&world);
    let file = world.place("copy.certificate.zip");
    let made = ada.run(&["certify", "Copy", "--out", path(&file), "--blobs"]);
    assert_eq!(made["holds"], true, "{made}");
    let (code, found) = verdict(&[path(&file)]);
    assert_eq!(code, 0, "{found}");
    assert_eq!(found["record"]["outcome"], "approved");
    let text = found.to_string();
    assert!(text.contains("shorter") && !text.contains("Between us"));

    // The files that were approved, and one that was not.
    assert_eq!(verdict(&[path(&file), "--file", path(&world.place("two.txt"))]).0, 0);
    let (code, found) = verdict(&[path(&file), "--file", path(&world.place("one.txt"))]);
    assert_eq!((code, &found["files"][0]["certified"]), (5, &Value::Bool(false)));

    // A folder is as good; each replica makes the same but for its maker.
    let folder = world.place("copy");
    bo.run(&["certify", "Copy", "--folder", path(&folder)]);
    assert_eq!(verdict(&[path(&folder)]).0, 0);
    for name in ["certificate.bin", "VERIFY.md", "record.json", "report.html", "report.pdf"] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    let unpacked = world.place("unpacked");
    let unzip =
        Command::new("unzip").args(["-q", path(&file), "-d", path(&unpacked)]).status().expect("unzip runs");
    assert!(unzip.success(), "every archive program opens it");
    assert_eq!(verdict(&[path(&unpacked)]).0, 0);
    let same = |a: &Path, b: &Path| {
        let (a, b) = (
            fs::read(a.join("certificate.bin")).expect("there"),
            fs::read(b.join("certificate.bin")).expect("there"),
        );
        a.iter().zip(&b).take_while(|(a, b)| a == b).count()
    };
    let shared = same(&folder, &unpacked);
    let maker = fs::read(folder.join("certificate.bin")).expect("there");
    assert!(maker.len() - shared < 2_000, "they differ in the maker only");

    // The report holds what people wrote as text, and opens without anything from elsewhere.
    let report = fs::read_to_string(folder.join("report.html")).expect("there");
    assert!(report.contains("Say it &lt;b&gt;shorter&lt;/b&gt; &amp;") && !report.contains("<script"));
    assert!(!report.contains("http://") && !report.contains("https://"));
    let levels: Vec<u8> = report.match_indices("<h").filter_map(|(at, _)| heading(&report[at..])).collect();
    assert!(levels[0] == 1 && levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    is_a_tagged_pdf(&folder.join("report.pdf"));
}

/// The level of the heading that a piece of HTML begins with.
fn heading(html: &str) -> Option<u8> {
    let level = *html.as_bytes().get(2)?;
    level.is_ascii_digit().then(|| level - b'0')
}

/// What programs can tell of PDF/UA and of PDF/A-2a, as readers that are not ours tell it. (The writer refuses what
/// either forbids.)
fn is_a_tagged_pdf(file: &Path) {
    let bytes = fs::read(file).expect("there");
    assert!(bytes.starts_with(b"%PDF-1.7"));
    let checked = Command::new(python()).args(["-m", "pdfua", "check", path(file)]).output();
    let checked = checked.expect("python runs");
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success() && said.contains("PASS (no findings)"), "{said}");
    let checked = Command::new(python()).arg(root().join("tests/archival.py")).arg(file).output();
    let checked = checked.expect("python runs");
    let said =
        [checked.stdout, checked.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(checked.status.success(), "{said}");
}

#[test]
fn a_certificate_of_decisions_only_shows_no_comment() {
    let world = World::new();
    let (_relay, ada, _bo) = approved(&world);
    let file = world.place("copy.zip");
    ada.run(&["certify", "Copy", "--out", path(&file), "--decisions-only"]);
    let (code, found) = verdict(&[path(&file)]);
    assert_eq!(code, 0, "{found}");
    assert!(!found.to_string().contains("Say it"));
    ada.refused(&["certify", "Copy", "--out", path(&file)]).names(&["exists", "--force"]);
}

#[test]
fn what_is_released_brings_the_certificate_of_its_approval() {
    let world = World::new();
    let (_relay, ada, bo) = approved(&world);
    let folder = world.place("out");
    let released = ada.run(&["release", "Copy", "--to", path(&folder)]);
    assert_eq!(released["warnings"], Value::Null);
    let files = list(&released["assets"][0], "files");
    let kinds: Vec<String> = files.iter().map(|file| string(file, "kind")).collect();
    assert_eq!(kinds, ["original", "sidecar", "certificate"]);
    let certificate = folder.join("certificate.zip");
    let (code, found) = verdict(&[path(&certificate), "--file", path(&folder.join("two.txt"))]);
    assert_eq!(code, 0, "{found}");
    assert_eq!((found["holds"].clone(), found["files"][0]["certified"].clone()), (true.into(), true.into()));
    assert!(!found.to_string().contains("Say it"), "comments stay at home");
    // The hand-off names what went out by its hash, the certificate too.
    meet(&[&ada, &bo]);
    let later = world.place("later.zip");
    bo.run(&["certify", "Copy", "--out", path(&later)]);
    let (code, found) = verdict(&[path(&later)]);
    assert_eq!(code, 0, "{found}");
    let acts = list(&found["record"]["assets"][0], "acts");
    let act = acts.iter().find(|act| act["statement"]["act"]["act"] == "release").expect("it was signed");
    let sent = list(&act["statement"]["act"], "files");
    assert!(sent.contains(&files[2]["content"]), "{act}");
}

#[test]
fn what_is_not_approved_or_was_altered_is_no_approval_and_says_where() {
    let world = World::new();
    let (_relay, ada, bo) = approved(&world);
    let early = world.place("early.zip");
    ada.run(&["certify", "Copy", "--version", "v1", "--out", path(&early)]);
    let (code, found) = verdict(&[path(&early)]);
    assert_eq!((code, failing(&found)), (5, vec!["route".to_owned()]));
    ada.run(&["version", "add", "Copy", path(&world.place("one.txt")), "--note", "as it was"]);
    meet(&[&ada, &bo]);
    bo.run(&["decide", "Copy", "rejected", "--reason", "no"]);
    meet(&[&bo, &ada]);
    let late = world.place("late.zip");
    bo.run(&["certify", "Copy", "--out", path(&late)]);
    let (code, found) = verdict(&[path(&late)]);
    assert_eq!((code, &found["record"]["outcome"]), (5, &Value::from("rejected")));

    assert_eq!(
        stranger(&[path(&world.place("nothing.zip"))]).status.code(),
        Some(1),
        "there is no such file"
    );
    let empty = world.place("empty.zip");
    fs::write(&empty, b"PK").expect("there is room");
    assert_eq!(verdict(&[path(&empty)]).0, 5);
    // A certificate that was swapped into another's folder.
    let (one, other) = (world.place("one"), world.place("other"));
    ada.run(&["certify", "Copy", "--folder", path(&one)]);
    bo.run(&["certify", "Copy", "--folder", path(&other)]);
    fs::copy(other.join("certificate.bin"), one.join("certificate.bin")).expect("there is room");
    let (code, found) = verdict(&[path(&one)]);
    assert_eq!(code, 5);
    assert!(failing(&found).contains(&"bytes".to_owned()));
}

/// The relays whose word ours finds in receipts for decisions, once for each receipt.
fn relays(found: &Value) -> Vec<Value> {
    let decisions = list(&found["record"], "assets").iter().flat_map(|asset| list(asset, "decisions"));
    let words = decisions.filter_map(|decision| decision["words"].as_array()).flatten();
    let by_receipt: BTreeMap<String, Value> =
        words.map(|word| (string(word, "entry"), word["relay"].clone())).collect();
    by_receipt.into_values().collect()
}

#[test]
fn a_second_verifier_in_another_language_agrees_on_whole_and_on_damaged_certificates() {
    let golden = root().join("crates/verify/tests/golden");
    let mut files: Vec<_> =
        fs::read_dir(&golden).expect("they are committed").map(|f| f.expect("listed").path()).collect();
    files.sort();
    assert!(files.len() >= 3, "{files:?}");
    let world = World::new();
    let mut cases: Vec<std::path::PathBuf> = files.clone();
    for file in &files {
        let bytes = fs::read(file).expect("it is there");
        let stem = file.file_stem().and_then(|s| s.to_str()).expect("plain names");
        for (i, at) in (0..bytes.len()).step_by(bytes.len() / 40 + 1).enumerate() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x20;
            let case = world.place(&format!("{stem}-{i}.zip"));
            fs::write(&case, bytes).expect("there is room");
            cases.push(case);
        }
    }
    let second = second_opinion(&cases.iter().map(std::path::PathBuf::as_path).collect::<Vec<_>>());
    assert_eq!(second.len(), cases.len());
    // What the second verifier looks at: bytes, hashes, signatures, chains.
    let theirs = ["bytes", "signatures", "gaps", "equivocations"];
    let mut heard = 0;
    for (case, (holds, why, words)) in cases.iter().zip(second) {
        let (_, found) = verdict(&[path(case)]);
        let fails = failing(&found).iter().any(|check| theirs.contains(&check.as_str()));
        assert_eq!(holds, !fails, "{}: the second verifier says {why:?}, ours {found}", case.display());
        if holds {
            assert_eq!(words, relays(&found), "{}", case.display());
            heard += words.len();
        }
    }
    assert!(heard > 0, "one of them has a relay's word");
}
