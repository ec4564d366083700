//! A store that a disk has damaged: what is wrong is named, what is readable is kept, what is missing comes from others.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::relay::Relay;
use proofroom_tests::store;
use proofroom_tests::up::Up;
use proofroom_tests::world::{World, agree, meet, path};
use serde_json::{Value, json};

const USER: i32 = 1;
const STORE: i32 = 3;

/// A remark that does not compress away: its entry fills a page of the store by itself.
fn remark(name: &str) -> String {
    let mut state = name.bytes().fold(7u32, |state, byte| state.wrapping_mul(31).wrapping_add(byte.into()));
    let mut digits = String::new();
    while digits.len() < 5_500 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        digits += &format!("{:x}", state >> 8);
    }
    format!("{name}: {digits}")
}

/// Ada and Bo have met over a relay; since then Ada has written remarks that nobody else has.
struct Story {
    world: World,
    relay: Relay,
    ada: Peer,
    bo: Peer,
    /// What `comment add` told of the remark whose page is to be damaged.
    damaged: Value,
}

impl Story {
    fn new() -> Self {
        let world = World::new();
        let relay = world.relay();
        let ada = world.owner("ada", &relay);
        let bo = world.joined("bo", &ada, "reviewer");
        let copy = world.studio.copy_markdown("copy.md", "Wake up to light.");
        ada.run(&["asset", "add", path(&copy), "--name", "Copy", "--category", "written"]);
        let say = |name: &str| ada.run(&["comment", "add", "Copy", &remark(name)]);
        say("sent 1");
        let damaged = say("sent 2");
        say("sent 3");
        meet(&[&ada, &bo]);
        for name in ["unsent 1", "unsent 2", "unsent 3"] {
            say(name);
        }
        Self { world, relay, ada, bo, damaged }
    }

    fn store(&self) -> PathBuf {
        self.ada.home().join("store.redb")
    }

    /// What `log` tells of every entry.
    fn entries(&self) -> Vec<Value> {
        list(&self.ada.run(&["log"]), "entries").clone()
    }

    fn damage_one_that_was_sent(&self) {
        let entries = self.entries();
        let line = entries.iter().find(|line| line["entry"] == self.damaged["entry"]);
        store::damage(&self.store(), line.expect("the remark is an entry"));
    }

    /// What is there and what goes on once all has come.
    #[track_caller]
    fn check_whole(&self, logs_before: &BTreeSet<String>) {
        let doctor = self.ada.run(&["doctor"]);
        assert_eq!(doctor["store"]["state"], "sound", "{doctor}");
        assert_eq!(self.ada.run(&["log", "--verify"])["problems"], json!([]));
        assert_eq!(names(&self.ada), ["sent 1", "sent 2", "sent 3", "unsent 1", "unsent 2", "unsent 3"]);
        let said = self.ada.run(&["comment", "add", "Copy", "afterwards"]);
        let entries = self.entries();
        let line = entries.iter().find(|line| line["entry"] == said["entry"]).expect("it is an entry");
        assert!(!logs_before.contains(&string(line, "log")), "a log of before was continued");
        meet(&[&self.ada, &self.bo]);
        agree(&[&self.ada, &self.bo], &["comment", "list", "Copy"]);
        assert_eq!(names(&self.bo).len(), 7);
        let log = self.bo.run(&["log", "--verify"]);
        assert_eq!((&log["problems"], &log["equivocations"]), (&json!([]), &json!(0)));
    }

    fn logs(&self) -> BTreeSet<String> {
        self.entries().iter().map(|line| string(line, "log")).collect()
    }
}

/// The names of the remarks that somebody sees.
fn names(peer: &Peer) -> Vec<String> {
    let listed = peer.run(&["comment", "list", "Copy"]);
    let name = |body: String| body.split(':').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = list(&listed, "comments").iter().map(|c| name(string(c, "body"))).collect();
    names.sort();
    names
}

#[test]
fn a_damaged_store_is_made_anew_of_what_is_readable_and_of_what_the_relay_holds() {
    let story = Story::new();
    let logs = story.logs();
    story.damage_one_that_was_sent();
    let refusal = story.ada.refused(&["doctor"]);
    assert_eq!(refusal.code, STORE, "{}", refusal.said);
    refusal.names(&["store.redb", "damaged", "proofroom rebuild", "\"readable\":[{"]);

    let damaged = fs::read(story.store()).expect("it is there");
    let rebuilt = story.ada.run(&["rebuild"]);
    let workspace = &rebuilt["workspaces"][0];
    assert_eq!((&workspace["waiting"], &workspace["refused"]), (&json!(0), &json!([])), "{rebuilt}");
    assert!(!list(&rebuilt, "problems").is_empty(), "{rebuilt}");
    let aside = string(&rebuilt, "kept_aside");
    assert!(fs::read(aside).expect("it is kept") == damaged, "the old store is as it was");
    story.check_whole(&logs);
}

#[test]
fn a_store_that_does_not_open_any_more_is_made_anew_all_the_same() {
    let story = Story::new();
    let logs = story.logs();
    let mut bytes = fs::read(story.store()).expect("it is there");
    bytes[..8_192].fill(0);
    fs::write(story.store(), bytes).expect("it can be written");
    let refusal = story.ada.refused(&["status"]);
    assert_eq!(refusal.code, STORE, "{}", refusal.said);
    refusal.names(&["store.redb", "proofroom doctor", "proofroom rebuild"]);
    let refusal = story.ada.refused(&["doctor"]);
    assert_eq!(refusal.code, STORE, "{}", refusal.said);
    refusal.names(&["store.redb", "proofroom rebuild", "\"readable\":[{"]);

    // The relay's address was in what is lost.
    let rebuilt = story.ada.run(&["rebuild", "--relay", &story.relay.url]);
    assert_eq!(rebuilt["workspaces"][0]["waiting"], 0, "{rebuilt}");
    story.check_whole(&logs);
}

#[test]
fn what_follows_a_missing_entry_waits_until_others_have_brought_it() {
    let story = Story::new();
    let logs = story.logs();
    story.damage_one_that_was_sent();
    let Story { world, relay, ada, bo, damaged } = story;
    let stopped = relay.kill();
    let rebuilt = ada.run(&["rebuild"]);
    let workspace = &rebuilt["workspaces"][0];
    assert!(workspace["own_waiting"].as_u64().is_some_and(|n| n >= 4), "{rebuilt}");
    let warnings = rebuilt["warnings"].to_string();
    assert!(warnings.contains("rebuild --from store.redb.old-1"), "{rebuilt}");
    assert_eq!(names(&ada), ["sent 1"]);
    ada.run(&["comment", "add", "Copy", &remark("meanwhile")]);
    assert!(!logs.contains(&last_log(&ada)), "a log of before was continued");

    let story = Story { world, relay: stopped.restart(), ada, bo, damaged };
    story.ada.run(&["sync"]);
    assert_eq!(names(&story.ada), ["meanwhile", "sent 1", "sent 2", "sent 3"]);
    let again = story.ada.run(&["rebuild", "--from", "store.redb.old-1"]);
    assert_eq!(again["workspaces"][0]["waiting"], 0, "{again}");
    assert_eq!(names(&story.ada).len(), 7);
    meet(&[&story.ada, &story.bo]);
    agree(&[&story.ada, &story.bo], &["comment", "list", "Copy"]);
    assert_eq!(story.bo.run(&["log", "--verify"])["equivocations"], 0);
}

#[test]
fn what_was_erased_stays_erased_and_holds_nothing_up() {
    let story = Story::new();
    let comment = string(&story.damaged, "comment");
    story.ada.run(&["erase", "--comment", &comment, "--basis", "objection", "--reason", "asked for"]);
    assert_eq!(story.ada.run(&["doctor"])["store"]["state"], "sound");
    let rebuilt = story.ada.run(&["rebuild", "--anyway", "--offline"]);
    let workspace = &rebuilt["workspaces"][0];
    assert_eq!((&workspace["waiting"], &workspace["refused"]), (&json!(0), &json!([])), "{rebuilt}");
    assert_eq!(story.ada.run(&["doctor"])["store"]["state"], "sound");
    let left = ["sent 1", "sent 3", "unsent 1", "unsent 2", "unsent 3"];
    let names: Vec<String> =
        names(&story.ada).into_iter().filter(|name| left.contains(&name.as_str())).collect();
    assert_eq!(names, left);
    let listed = story.ada.run(&["comment", "list", "Copy"]).to_string();
    assert!(!listed.contains(&remark("sent 2")), "{listed}");
    meet(&[&story.ada, &story.bo]);
    agree(&[&story.ada, &story.bo], &["comment", "list", "Copy"]);
}

/// The log of a peer's latest entry.
fn last_log(peer: &Peer) -> String {
    let entries = peer.run(&["log"]);
    string(list(&entries, "entries").last().expect("something is held"), "log")
}

#[test]
fn a_store_that_is_sound_or_in_use_is_left_alone() {
    let world = World::new();
    let ada = world.person("ada");
    ada.run(&["workspace", "create", "Spring campaign"]);
    let refusal = ada.refused(&["rebuild"]);
    assert_eq!(refusal.code, USER, "{}", refusal.said);
    refusal.names(&["nothing is wrong", "--anyway"]);
    let up = Up::on(&ada, "127.0.0.1");
    let refusal = ada.refused(&["rebuild", "--anyway"]);
    assert_eq!(refusal.code, STORE, "{}", refusal.said);
    refusal.names(&["in use by process"]);
    up.stop();

    let before = ada.run(&["log"]);
    let rebuilt = ada.run(&["rebuild", "--anyway", "--offline"]);
    assert_eq!(rebuilt["problems"], json!([]));
    assert_eq!(before, ada.run(&["log"]));
    fs::remove_file(ada.home().join("store.redb")).expect("it is there");
    ada.refused(&["rebuild"]).names(&["there is no", "--from"]);
    ada.run(&["rebuild", "--from", "store.redb.old-1", "--offline"]);
    assert_eq!(before, ada.run(&["log"]));
}
