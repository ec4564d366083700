//! Bad input gets an error that names what and where, an exit code that is not
//! 0, and leaves the store as it was.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use proofroom_tests::liar::{Liar, nobody};
use proofroom_tests::peer::{Peer, proofroom, string};
use proofroom_tests::relay::Relay;
use proofroom_tests::sift;
use proofroom_tests::store;
use proofroom_tests::world::{World, agree, invite, meet};

/// Exit codes, as `proofroom --help` documents them.
const USER: i32 = 1;
const USAGE: i32 = 2;
const STORE: i32 = 3;
const NETWORK: i32 = 4;
const VERIFY: i32 = 5;

/// Everything that a peer holds, but for the files that come and go with a process.
fn held(peer: &Peer) -> (serde_json::Value, Vec<(std::path::PathBuf, Vec<u8>)>) {
    let passing = ["lock", "agent.sock", "store.redb", "incarnation.json"];
    let counts = |path: &Path| !passing.iter().any(|name| path.ends_with(name));
    (peer.run(&["log"]), sift::fingerprint(peer.home(), counts))
}

/// A command is refused with a code and words, and changes nothing.
#[track_caller]
fn check(peer: &Peer, args: &[&str], code: i32, words: &[&str]) {
    let before = held(peer);
    let refusal = peer.refused(args);
    assert_eq!(refusal.code, code, "proofroom {args:?}: {}", refusal.said);
    refusal.names(words);
    assert!(before == held(peer), "proofroom {args:?} left something behind");
}

/// Ada, alone, with a photo, a film and a text.
fn ada_at_work(world: &World) -> Peer {
    let ada = world.person("ada");
    ada.run(&["workspace", "create", "Spring campaign"]);
    let photo = world.studio.photo_png("hero.png", 1);
    let film = world.studio.film_mp4("spot.mp4", 2);
    let copy = world.studio.copy_markdown("copy.md", "Wake up to light.");
    for (file, name, category) in
        [(&photo, "Hero", "visual"), (&film, "Spot", "video"), (&copy, "Copy", "written")]
    {
        ada.run(&["asset", "add", &file.to_string_lossy(), "--name", name, "--category", category]);
    }
    ada
}

#[test]
fn unknown_ids_and_impossible_places_are_named() {
    let world = World::new();
    let ada = ada_at_work(&world);
    let nowhere = world.place("nowhere.png");
    let nowhere = nowhere.to_string_lossy();
    let folder = world.place(".");
    let folder = folder.to_string_lossy();
    let to = world.place("out");
    let to = to.to_string_lossy();
    let add = |asset| ["comment", "add", asset, "x"];
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&add("Nothing"), USER, &["Nothing", "asset"]),
        (&["version", "add", "ffff0000", &nowhere], USER, &["ffff0000"]),
        (&["request", "accept", "beef"], USER, &["beef", "request"]),
        (&["comment", "resolve", "c0ffee"], USER, &["c0ffee", "comment"]),
        (&["decide", "Nothing", "approved"], USER, &["Nothing"]),
        (&["members", "remove", "Nobody"], USER, &["Nobody", "member"]),
        (&["device", "remove", "ffff"], USER, &["ffff", "device"]),
        (&["export", "Nothing", "--to", &to], USER, &["Nothing"]),
        (&["status", "Nothing"], USER, &["Nothing"]),
        (&["--workspace", "Autumn", "status"], USER, &["Autumn", "workspace"]),
        // Files.
        (&["asset", "add", &nowhere, "--name", "N", "--category", "visual"], USER, &["nowhere.png"]),
        (&["asset", "add", &folder, "--name", "N", "--category", "visual"], USER, &[&folder]),
        (&["version", "add", "Hero", &nowhere], USER, &["nowhere.png"]),
        (&["request", "new", "--from", &nowhere], USER, &["nowhere.png"]),
        (&["bundle", "import", &nowhere], USER, &["nowhere.png"]),
        // Places.
        (&[&add("Spot")[..], &["--timecode", "00:01:00;00"]].concat(), USER, &["00:01:00;00", "29.97"]),
        (&[&add("Spot")[..], &["--timecode", "00:00:61:00"]].concat(), USER, &["00:00:61:00"]),
        (&[&add("Spot")[..], &["--frames", "148..120"]].concat(), USER, &["148..120"]),
        (&[&add("Hero")[..], &["--region", "1,2,3"]].concat(), USER, &["1,2,3"]),
        (&[&add("Hero")[..], &["--region", "percent:90,0,20,10"]].concat(), USER, &["region"]),
        (&[&add("Copy")[..], &["--quote", "not in the text"]].concat(), USER, &["not in the text"]),
        // Words.
        (&["decide", "Hero", "maybe"], USAGE, &["maybe", "approved"]),
        (&["asset", "add", &nowhere, "--name", "N", "--category", "poster"], USAGE, &["poster", "visual"]),
        (&["invite", "--role", "boss"], USAGE, &["boss", "reviewer"]),
        (&["invite", "--role", "guest", "--uses", "0"], USAGE, &["uses"]),
        (&["invite", "--role", "guest", "--expires", "soon"], USAGE, &["soon"]),
    ];
    for (args, code, words) in cases {
        check(&ada, args, *code, words);
    }
}

#[test]
fn a_category_that_does_not_fit_the_file_is_a_warning() {
    let world = World::new();
    let ada = ada_at_work(&world);
    let film = world.place("spot.mp4");
    let added = ada.run(&["asset", "add", &film.to_string_lossy(), "--name", "Odd", "--category", "written"]);
    let warnings = added["warnings"].to_string();
    assert!(warnings.contains("written") && warnings.contains("spot.mp4"), "{added}");
}

#[test]
fn links_that_are_mangled_expired_revoked_or_used_up_let_nobody_in() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let good = invite(&ada, "reviewer");
    let expired = string(&ada.run(&["invite", "--role", "reviewer", "--expires", "1ms"]), "link");
    let revoked = ada.run(&["invite", "--role", "guest"]);
    ada.run(&["invite", "revoke", &string(&revoked, "invite")]);
    ada.run(&["sync"]);

    let bo = world.person("bo");
    bo.run(&["join", &good]);
    ada.run(&["sync"]);

    let middle = good.len() / 2;
    let other = if good.as_bytes()[middle] == b'a' { "b" } else { "a" };
    let mangled = format!("{}{other}{}", &good[..middle], &good[middle + 1..]);
    let cases: &[(&str, &[&str])] = &[
        (&mangled, &["link"]),
        (&good[..good.len() - 3], &["link"]),
        ("proofroom:join/", &["link"]),
        ("https://example.com", &["link"]),
        (&expired, &["expired"]),
        (&string(&revoked, "link"), &["invite"]),
        (&good, &["used"]),
    ];
    let mallory = world.person("mallory");
    for (link, words) in cases {
        let refusal = mallory.refused(&["join", link]);
        refusal.names(words);
        let workspaces = mallory.run(&["workspace", "list"]);
        assert_eq!(workspaces["workspaces"], serde_json::json!([]), "{link}: {}", refusal.said);
    }
}

#[test]
fn a_role_that_may_not_is_told_which_role_may() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let cy = world.joined("cy", &ada, "guest");
    let bo = world.joined("bo", &ada, "producer");
    let photo = world.studio.photo_png("hero.png", 1);
    let photo = photo.to_string_lossy();
    let brief = world.studio.write("brief.toml", b"title = \"Poster\"\ncategory = \"visual\"\n");
    ada.run(&["request", "new", "--from", &brief.to_string_lossy()]);
    ada.run(&["asset", "add", &photo, "--name", "Hero", "--category", "visual"]);
    meet(&[&ada, &bo, &cy]);
    let cases: &[(&Peer, &[&str], &[&str])] = &[
        (&cy, &["asset", "add", &photo, "--name", "Mine", "--category", "visual"], &["guest", "producer"]),
        (&cy, &["version", "add", "Hero", &photo], &["guest", "producer"]),
        (&cy, &["request", "accept", "Poster"], &["guest", "producer"]),
        (&cy, &["comment", "add", "Hero", "psst", "--team"], &["guest", "reviewer"]),
        (&cy, &["invite", "--role", "guest"], &["guest"]),
        (&cy, &["members", "remove", "Bo Ek"], &["guest"]),
        (&bo, &["members", "remove", "Ada Ackermann"], &["owner"]),
        (&bo, &["members", "role", "Cy Castell", "owner"], &["owner"]),
        (&bo, &["invite", "--role", "owner"], &["owner"]),
    ];
    for (peer, args, words) in cases {
        check(peer, args, USER, words);
    }
}

#[test]
fn a_home_without_an_identity_or_with_somebody_elses_files_says_so() {
    let world = World::new();
    let nobody = Peer::at(&world.place("."), "empty");
    let refusal = nobody.refused(&["status"]);
    assert_eq!(refusal.code, STORE, "{}", refusal.said);
    refusal.names(&["identity", "init"]);
    let ada = world.person("ada");
    check_code(&ada, &["init", "--name", "Again", "--org", "X"], &["identity"]);
    let busy = Peer::at(&world.place("."), "busy");
    fs::create_dir(busy.home()).expect("a new folder");
    fs::write(busy.home().join("letter.txt"), "mine").expect("a new file");
    check_code(&busy, &["init", "--name", "Bo", "--org", "X"], &["not empty"]);
}

#[track_caller]
fn check_code(peer: &Peer, args: &[&str], words: &[&str]) {
    peer.refused(args).names(words);
}

#[test]
fn a_locked_store_names_the_process_that_holds_it() {
    let world = World::new();
    let ada = ada_at_work(&world);
    let mut lock = OpenOptions::new().write(true).open(ada.home().join("lock")).expect("the lock file stays");
    lock.lock().expect("nobody holds it");
    lock.set_len(0).expect("the lock file can be written");
    writeln!(lock, "{} a long export", std::process::id()).expect("the lock file can be written");
    let refusal = ada.refused(&["comment", "add", "Hero", "x"]);
    assert_eq!(refusal.code, STORE);
    refusal.names(&[&std::process::id().to_string(), "a long export"]);
    drop(lock);
    ada.run(&["status"]);
}

#[test]
fn a_store_of_a_newer_version_is_not_touched() {
    let world = World::new();
    let ada = ada_at_work(&world);
    let path = ada.home().join("store.redb");
    store::age(&path);
    let before = fs::read(&path).expect("it is there");
    for args in [&["comment", "add", "Hero", "x"][..], &["doctor"], &["rebuild"], &["rebuild", "--anyway"]] {
        let refusal = ada.refused(args);
        assert_eq!(refusal.code, STORE, "{}", refusal.said);
        refusal.names(&["99", "store.redb", "newer"]);
    }
    assert!(before == fs::read(&path).expect("it is there"), "a newer store was written to");
}

#[test]
fn a_damaged_store_or_identity_is_named() {
    let world = World::new();
    let ada = ada_at_work(&world);
    let damaged = [("store.redb", &b"not a store"[..]), ("identity.json", b"{\"version\": 1")];
    for (name, bytes) in damaged {
        let path = ada.home().join(name);
        let good = fs::read(&path).expect("it is there");
        fs::write(&path, bytes).expect("it can be written");
        let refusal = ada.refused(&["status"]);
        assert_eq!(refusal.code, STORE, "{}", refusal.said);
        refusal.names(&[name]);
        fs::write(&path, good).expect("it can be written");
    }
    ada.run(&["status"]);
}

/// Runs a command of this peer's with the home on a file system of 3 MB. Where no such file system
/// can be mounted, no file may grow beyond that: the other way in which a disk says no.
fn on_a_small_disk(peer: &Peer, args: &[&str]) -> (String, bool) {
    let mounting = "mount -t tmpfs -o size=3m small \"$0\" && cp -a \"$0.full/.\" \"$0\" && \"$@\"; code=$?; \
                    rm -rf \"$0.after\" && cp -a \"$0\" \"$0.after\"; exit $code";
    let limited = "trap '' XFSZ; ulimit -f 3072; cp -a \"$0.full/.\" \"$0\" && \"$@\"; code=$?; \
                   ulimit -f unlimited; cp -a \"$0\" \"$0.after\"; exit $code";
    let can_mount = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"])
        .output()
        .is_ok_and(|tried| tried.status.success());
    let home = peer.home();
    fs::rename(home, home.with_extension("full")).expect("the home can be moved");
    fs::create_dir(home).expect("the home can be made again");
    let mut shell = if can_mount { Command::new("unshare") } else { Command::new("sh") };
    if can_mount {
        shell.args(["--user", "--map-root-user", "--mount", "sh"]);
    }
    shell.arg("-c").arg(if can_mount { mounting } else { limited }).arg(home);
    let output = shell.arg(proofroom()).arg("--home").arg(home).args(args).output().expect("a shell runs");
    fs::remove_dir_all(home).expect("the mount point can be removed");
    fs::rename(home.with_extension("after"), home).expect("what was on the disk was kept");
    assert!(!output.status.success(), "10 MB went onto a disk of 3 MB");
    (String::from_utf8_lossy(&output.stderr).into_owned(), can_mount)
}

#[test]
fn a_full_disk_is_said_and_nothing_is_left_behind() {
    let world = World::new();
    let ada = world.person("ada");
    ada.run(&["workspace", "create", "Spring campaign"]);
    let before = held(&ada);
    let large = world.place("large.bin");
    let noise: Vec<u8> = (0..10_000_000u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    fs::write(&large, noise).expect("the test's own disk has room");
    let add = ["asset", "add", &large.to_string_lossy(), "--name", "Large", "--category", "design_source"];
    let (said, mounted) = on_a_small_disk(&ada, &add);
    assert!(said.contains(if mounted { "full" } else { "too large" }), "{said}");
    assert!(before == held(&ada), "something was left behind");
}

#[test]
fn a_relay_that_is_down_refuses_or_is_no_relay_is_named() {
    let world = World::new();
    let ada = ada_at_work(&world);
    let down = nobody();
    let page = Liar::answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
    let no = Liar::answering(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
    let silent = Liar::answering(b"");
    let noise = Liar::answering(b"\x00\xff\x13\x37\r\n\r\n");
    check(&ada, &["sync"], USER, &["relay"]);
    for url in [&down, &page.url, &no.url, &silent.url, &noise.url] {
        ada.run(&["workspace", "relay", url]);
        check(&ada, &["sync"], NETWORK, &[url]);
    }
}

#[test]
fn a_relay_that_changes_a_byte_gets_nothing_wrong_into_the_store() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let copy = world.studio.copy_markdown("copy.md", "Wake up to light.");
    ada.run(&["asset", "add", &copy.to_string_lossy(), "--name", "Copy", "--category", "written"]);
    ada.run(&["comment", "add", "Copy", "A true word"]);
    ada.run(&["sync"]);
    // The upgrade's answer, the greeting, headers of entries, payloads.
    for at in [5, 60, 200, 300, 450, 700, 1_000, 1_500, 2_200] {
        let before = held(&bo);
        let liar = Liar::flipping(&relay.url, at);
        bo.run(&["workspace", "relay", &liar.url]);
        let output = bo.output(&["sync"]);
        if !output.status.success() {
            let code = output.status.code();
            assert!([Some(NETWORK), Some(VERIFY)].contains(&code), "byte {at}: {output:?}");
        }
        let after = held(&bo);
        bo.run(&["workspace", "relay", &relay.url]);
        // Either nothing came, or it is what ada wrote, and nothing else.
        if after.0 != before.0 {
            meet(&[&bo, &ada]);
            assert_eq!(bo.run(&["log", "--verify"]), ada.run(&["log", "--verify"]), "byte {at}");
        }
    }
    meet(&[&bo, &ada]);
    agree(&[&ada, &bo], &["log", "--verify"]);
}

#[test]
fn a_relay_that_forgot_everything_is_given_it_again() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    relay.kill();
    let empty = Relay::start(&world.place("another relay"));
    for peer in [&ada, &bo] {
        peer.run(&["workspace", "relay", &empty.url]);
    }
    ada.run(&["request", "list"]);
    meet(&[&ada, &bo]);
    agree(&[&ada, &bo], &["log"]);
}

#[test]
fn a_bundle_that_was_cut_or_changed_is_refused_whole() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let photo = world.studio.photo_jpeg("hero.jpg", 8);
    ada.run(&["asset", "add", &photo.to_string_lossy(), "--name", "Hero", "--category", "visual"]);
    let path = world.place("all.bundle");
    ada.run(&["bundle", "export", &path.to_string_lossy()]);
    let whole = fs::read(&path).expect("it was exported");
    let cut = world.place("cut.bundle");
    let import = ["bundle", "import", &cut.to_string_lossy()].map(str::to_owned);
    let import: Vec<&str> = import.iter().map(String::as_str).collect();
    for keep in [0, 1, 20, whole.len() / 3, whole.len() / 2, whole.len() - 33, whole.len() - 1] {
        File::create(&cut).and_then(|mut f| f.write_all(&whole[..keep])).expect("it can be written");
        check(&bo, &import, VERIFY, &["cut.bundle"]);
    }
    for at in [0, 9, 100, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&cut, changed).expect("it can be written");
        check(&bo, &import, VERIFY, &["cut.bundle"]);
    }
    bo.run(&["bundle", "import", &path.to_string_lossy()]);
    assert!(bo.run(&["asset", "list"]).to_string().contains("Hero"));
}
