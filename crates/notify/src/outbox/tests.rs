use serde_json::Value;

use super::{ATTEMPTS_MAX, DEAD_MAX, Outbox, OutboxError, wait_ms};
use crate::message::{Item, Message, Recipient, Way};

fn message(ids: &[&str]) -> Message {
    let item = |id: &&str| Item { id: (*id).into(), line: format!("{id} is due"), data: Value::Null };
    Message {
        to: Recipient { person: "b0".into(), name: "Bo".into() },
        workspace: "Spring".into(),
        items: ids.iter().map(item).collect(),
    }
}

fn mail() -> Way {
    Way::Mail("bo@example.org".into())
}

fn hook() -> Way {
    Way::Webhook("chat".into())
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }
    fn open(&self) -> Outbox {
        Outbox::open(self.0.path()).expect("it opens")
    }
}

fn ids(outbox: &Outbox) -> Vec<Vec<String>> {
    let items = |d: &super::Delivery| d.message.items.iter().map(|i| i.id.clone()).collect();
    outbox.waiting().iter().map(items).collect()
}

#[test]
fn what_was_handed_over_survives_a_restart() {
    let place = Place::new();
    let made = place.open().hand_over(&message(&["a"]), &[mail(), hook()], 1).expect("there is room");
    assert_eq!((made, ids(&place.open())), (2, vec![vec!["a".to_owned()], vec!["a".to_owned()]]));
}

#[test]
fn nothing_goes_the_same_way_twice_whatever_became_of_it() {
    let place = Place::new();
    let mut outbox = place.open();
    let hand = |outbox: &mut Outbox, ids: &[&str], at| {
        outbox.hand_over(&message(ids), &[mail()], at).expect("there is room")
    };
    assert_eq!(hand(&mut outbox, &["a"], 1), 1);
    assert_eq!(hand(&mut outbox, &["a"], 2), 0, "it waits");
    let id = outbox.waiting()[0].id.clone();
    outbox.arrived(&id, 3).expect("it is noted");
    let mut outbox = place.open();
    assert_eq!(hand(&mut outbox, &["a"], 4), 0, "it arrived");
    assert_eq!(hand(&mut outbox, &["a", "b"], 5), 1);
    assert_eq!(ids(&outbox), [["b"]], "only what is new goes");
    let id = outbox.waiting()[0].id.clone();
    assert!(outbox.failed(&id, "no such user", true, 6).expect("it is noted"));
    assert_eq!(hand(&mut place.open(), &["b"], 7), 0, "it was given up");
}

#[test]
fn a_failure_is_tried_again_later_and_later_and_then_given_up() {
    let place = Place::new();
    let mut outbox = place.open();
    outbox.hand_over(&message(&["a"]), &[mail()], 0).expect("there is room");
    let id = outbox.waiting()[0].id.clone();
    let mut now = 0;
    for attempt in 1..ATTEMPTS_MAX {
        assert_eq!(outbox.due(now).count(), 1);
        assert!(!outbox.failed(&id, "connection refused", false, now).expect("it is noted"));
        assert_eq!(outbox.due(now + wait_ms(attempt) - 1).count(), 0);
        now += wait_ms(attempt);
        outbox = place.open();
        assert_eq!(outbox.waiting()[0].attempts, attempt, "restarts forget nothing");
    }
    assert!(now > 8 * 3_600_000, "a mail server may be down for a working day: {now}");
    assert!(outbox.failed(&id, "connection refused", false, now).expect("it is noted"));
    let outbox = place.open();
    assert_eq!((outbox.waiting().len(), outbox.dead().len()), (0, 1));
    assert_eq!(outbox.dead()[0].last.as_deref(), Some("connection refused"));
}

#[test]
fn what_was_given_up_is_retried_or_dropped_by_hand() {
    let place = Place::new();
    let mut outbox = place.open();
    for (n, id) in ["a", "b", "c"].into_iter().enumerate() {
        outbox.hand_over(&message(&[id]), &[mail()], n as u64).expect("there is room");
        let id = outbox.waiting()[0].id.clone();
        outbox.failed(&id, "550", true, 10).expect("it is noted");
    }
    let first = outbox.dead()[0].id.clone();
    assert_eq!(outbox.retry(Some(&first), 20).expect("it is there"), 1);
    assert!(matches!(outbox.retry(Some(&first), 20), Err(OutboxError::Unknown(_))));
    assert_eq!(outbox.due(20).count(), 1);
    assert_eq!(outbox.discard(None).expect("all of them"), 2);
    let mut outbox = place.open();
    assert_eq!((outbox.waiting().len(), outbox.dead().len()), (1, 0));
    assert_eq!(outbox.hand_over(&message(&["b", "c"]), &[mail()], 30).expect("there is room"), 0);
}

#[test]
fn only_so_many_are_kept_of_those_that_were_given_up() {
    let place = Place::new();
    let mut outbox = place.open();
    for n in 0..DEAD_MAX + 3 {
        outbox.hand_over(&message(&[&n.to_string()]), &[mail()], n as u64).expect("there is room");
        let id = outbox.waiting()[0].id.clone();
        outbox.failed(&id, "550", true, 10).expect("it is noted");
    }
    assert_eq!((outbox.dead().len(), place.open().dead().len()), (DEAD_MAX, DEAD_MAX));
    assert_eq!(outbox.dead()[0].message.items[0].id, "3", "the oldest went");
}

#[test]
fn a_damaged_file_is_named() {
    let place = Place::new();
    place.open();
    std::fs::write(place.0.path().join("outbox/1.json"), "{").expect("a file");
    let error = Outbox::open(place.0.path()).expect_err("it is damaged").to_string();
    assert!(error.contains("outbox/1.json is damaged"), "{error}");
}
