use proofroom_notify::webhook::Key;
use proofroom_notify::{Courier, Item, Message, Recipient, Secret, Settings, Verdict, Way};
use serde_json::{Value, json};

use crate::servers::{MailServer, WebServer};

const NOW: u64 = 1_772_442_000_000;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn message(ids: &[&str]) -> Message {
    let item = |id: &&str| Item {
        id: (*id).into(),
        line: format!("{id}: your decision in “look” is due at 13:00"),
        data: json!({"asset": id}),
    };
    Message {
        to: Recipient { person: "b0b0b0b0".into(), name: "Bo Ek".into() },
        workspace: "Spring".into(),
        items: ids.iter().map(item).collect(),
    }
}

/// A courier in a directory, with these settings.
struct Desk {
    place: tempfile::TempDir,
    settings: Settings,
}

impl Desk {
    fn new(toml: &str) -> Self {
        let settings = Settings::from_toml(toml).unwrap_or_else(|e| panic!("{toml}\n{e}"));
        Self { place: tempfile::tempdir().expect("a temporary directory"), settings }
    }

    fn courier(&self) -> Courier {
        Courier::open(self.place.path(), self.settings.clone()).expect("it opens")
    }

    /// Hands a message over on all ways to Bo.
    fn hand_over(&self, courier: &mut Courier, ids: &[&str]) {
        let ways = courier.settings().ways("b0b0b0b0", "Bo Ek", true);
        courier.outbox_mut().hand_over(&message(ids), &ways, NOW).expect("there is room");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn carry(courier: &mut Courier, now: u64) -> Vec<Verdict> {
    let sent = runtime().block_on(courier.carry_due(now)).expect("it is noted");
    sent.into_iter().map(|sent| sent.verdict).collect()
}

fn mail(server: &MailServer, more: &str) -> Desk {
    Desk::new(&format!(
        "[mail]\nserver = \"127.0.0.1\"\nport = {}\nencryption = \"none\"\nfrom = \"Proofroom <proof@example.org>\"\n{more}\n\
         [[mail.to]]\nperson = \"Bo Ek\"\naddress = \"bo@example.org\"\n",
        server.address.port()
    ))
}

fn hook(server: &WebServer) -> Desk {
    let port = server.address.port();
    Desk::new(&format!(
        "[[webhook]]\nname = \"chat\"\nurl = \"http://127.0.0.1:{port}/proof?token=t0ken\"\nsecret = \"{SECRET}\"\n"
    ))
}

#[test]
fn mail_is_sent_from_the_account_with_all_that_it_says() {
    let server = MailServer::start(&[]);
    let desk = mail(&server, "user = \"proof\"\npassword = \"open sesame\"");
    let mut courier = desk.courier();
    desk.hand_over(&mut courier, &["Hero", "Spot"]);
    assert_eq!(carry(&mut courier, NOW), [Verdict::Delivered]);
    let mails = server.mails.lock().expect("unpoisoned").clone();
    let [sent] = &mails[..] else { panic!("{mails:?}") };
    assert!(sent.from.contains("<proof@example.org>") && sent.to.contains("<bo@example.org>"), "{sent:?}");
    // base64("\0proof\0open sesame")
    assert_eq!(sent.auth.as_deref(), Some("AHByb29mAG9wZW4gc2VzYW1l"));
    for header in
        ["Subject: Spring: 2 reminders", "Auto-Submitted: auto-generated", "To: \"Bo Ek\" <bo@example.org>"]
    {
        assert!(sent.text.contains(header), "{header} in {}", sent.text);
    }
    assert_eq!(carry(&mut courier, NOW + 1), [], "once");
}

#[test]
fn a_mail_server_that_is_busy_is_tried_again_with_the_same_id() {
    let server = MailServer::start(&["451 come back later"]);
    let desk = mail(&server, "");
    let mut courier = desk.courier();
    desk.hand_over(&mut courier, &["Hero"]);
    assert!(matches!(&carry(&mut courier, NOW)[..], [Verdict::Later(why)] if why.contains("451")));
    let id = courier.outbox().waiting()[0].id.clone();
    let mut courier = desk.courier();
    assert_eq!(carry(&mut courier, NOW + 29_999), [], "not yet");
    assert_eq!(carry(&mut courier, NOW + 30_000), [Verdict::Delivered]);
    let mails = server.mails.lock().expect("unpoisoned");
    assert!(mails[0].text.contains(&format!("Message-ID: <{id}@example.org>")), "{}", mails[0].text);
}

#[test]
fn a_recipient_who_is_refused_is_given_up_and_kept_to_be_seen() {
    let server = MailServer::start(&["550 no such user"]);
    let desk = mail(&server, "");
    let mut courier = desk.courier();
    desk.hand_over(&mut courier, &["Hero"]);
    carry(&mut courier, NOW);
    let mut courier = desk.courier();
    let [dead] = courier.outbox().dead() else { panic!("one was given up") };
    assert!(dead.last.as_deref().is_some_and(|why| why.contains("no such user")), "{dead:?}");
    assert_eq!(courier.outbox_mut().retry(None, NOW).expect("it is there"), 1);
    assert_eq!(carry(&mut courier, NOW), [Verdict::Delivered]);
}

#[test]
fn without_encryption_no_password_is_said() {
    let server = MailServer::start(&[]);
    let account = "user = \"proof\"\npassword = \"open sesame\"";
    let mut desk = mail(&server, account);
    let settings = desk.settings.mail.as_mut().expect("mail is set up");
    settings.encryption = proofroom_notify::Encryption::Starttls;
    let mut courier = desk.courier();
    desk.hand_over(&mut courier, &["Hero"]);
    let verdicts = carry(&mut courier, NOW);
    assert!(matches!(&verdicts[..], [Verdict::Later(_) | Verdict::Never(_)]), "{verdicts:?}");
    let heard = server.heard.lock().expect("unpoisoned").clone();
    assert!(!heard.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")), "{heard:?}");
}

#[test]
fn a_server_that_is_down_costs_time_and_nothing_else() {
    let address = MailServer::start(&[]).address;
    // Another server's port would be open: this one is asked for and given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
    assert_ne!(address, free);
    let desk = Desk::new(&format!(
        "[mail]\nserver = \"127.0.0.1\"\nport = {}\nencryption = \"none\"\nfrom = \"proof@example.org\"\n\
         [[mail.to]]\nperson = \"Bo Ek\"\naddress = \"bo@example.org\"\n",
        free.port()
    ));
    let mut courier = desk.courier();
    desk.hand_over(&mut courier, &["Hero"]);
    assert!(matches!(&carry(&mut courier, NOW)[..], [Verdict::Later(_)]));
    assert_eq!(courier.outbox().waiting()[0].attempts, 1);
}

#[test]
fn a_webhook_is_posted_signed_and_a_receiver_can_tell() {
    let server = WebServer::start(&[]);
    let desk = hook(&server);
    let mut courier = desk.courier();
    desk.hand_over(&mut courier, &["Hero"]);
    let id = courier.outbox().waiting()[0].id.clone();
    assert_eq!(carry(&mut courier, NOW), [Verdict::Delivered]);
    let requests = server.all();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(request.path, "/proof?token=t0ken");
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    assert_eq!((header("webhook-id"), header("content-type")), (id.clone(), "application/json".into()));
    let key = Key::read(&Secret::new(SECRET)).expect("a key");
    let timestamp: u64 = header("webhook-timestamp").parse().expect("seconds");
    assert!(key.verify(&id, timestamp, &request.body, &header("webhook-signature"), NOW / 1000));
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    assert_eq!(body["type"], "proofroom.reminder");
    assert_eq!(body["data"]["items"][0]["data"]["asset"], "Hero");
    assert_eq!(body["data"]["to"]["name"], "Bo Ek");
}

#[test]
fn a_webhook_that_fails_is_tried_again_and_one_that_is_gone_is_not() {
    let server = WebServer::start(&["503 Service Unavailable", "204 No Content", "410 Gone", "302 Found"]);
    let desk = hook(&server);
    let mut courier = desk.courier();
    desk.hand_over(&mut courier, &["Hero"]);
    assert!(matches!(&carry(&mut courier, NOW)[..], [Verdict::Later(_)]));
    assert_eq!(carry(&mut courier, NOW + 30_000), [Verdict::Delivered]);
    for (id, status) in [("Spot", "410"), ("Copy", "302")] {
        desk.hand_over(&mut courier, &[id]);
        assert!(
            matches!(&carry(&mut courier, NOW + 40_000)[..], [Verdict::Never(why)] if why.contains(status))
        );
    }
    let ids: Vec<String> = server.all().iter().map(|r| r.headers["webhook-id"].clone()).collect();
    assert_eq!(ids[0], ids[1], "the same message has the same id");
    assert_eq!(courier.outbox().dead().len(), 2);
}

#[test]
fn an_address_with_a_token_is_in_no_reason() {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let desk = Desk::new(&format!(
        "[[webhook]]\nname = \"chat\"\nurl = \"http://127.0.0.1:{port}/t0ken\"\nsecret = \"{SECRET}\"\n"
    ));
    let mut courier = desk.courier();
    desk.hand_over(&mut courier, &["Hero"]);
    let verdicts = carry(&mut courier, NOW);
    assert!(matches!(&verdicts[..], [Verdict::Later(why)] if !why.contains("t0ken")), "{verdicts:?}");
}

#[test]
fn a_program_is_run_with_subject_and_text_and_no_shell() {
    let desk = Desk::new("[[program]]\nname = \"desktop\"\nrun = [\"PLACE/show\", \"--first\"]\n");
    let (script, shown) = (desk.place.path().join("show"), desk.place.path().join("shown"));
    std::fs::write(&script, format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {}\n", shown.display()))
        .expect("a file");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&script, executable).expect("it is ours");
    let mut courier = desk.courier();
    let mut settings = desk.settings.clone();
    settings.program[0].run[0] = script.display().to_string();
    courier.set(settings);
    desk.hand_over(&mut courier, &["$(reboot); `id`"]);
    assert_eq!(carry(&mut courier, NOW), [Verdict::Delivered]);
    let shown = std::fs::read_to_string(shown).expect("it ran");
    assert!(shown.starts_with("--first\nSpring: $(reboot); `id`: your decision"), "{shown}");
}

#[test]
fn a_program_that_is_not_there_is_given_up_and_one_that_fails_is_not() {
    for (run, for_good) in [("[\"/nowhere/notify-send\"]", true), ("[\"false\"]", false)] {
        let desk = Desk::new(&format!("[[program]]\nname = \"desktop\"\nrun = {run}\n"));
        let mut courier = desk.courier();
        desk.hand_over(&mut courier, &["Hero"]);
        let verdicts = carry(&mut courier, NOW);
        assert_eq!(matches!(&verdicts[..], [Verdict::Never(_)]), for_good, "{verdicts:?}");
    }
}

#[test]
fn a_way_that_was_taken_out_of_the_settings_is_given_up() {
    let server = WebServer::start(&[]);
    let desk = hook(&server);
    let mut courier = desk.courier();
    desk.hand_over(&mut courier, &["Hero"]);
    courier.set(Settings::default());
    assert!(
        matches!(&carry(&mut courier, NOW)[..], [Verdict::Never(why)] if why.contains("webhook chat is not in the settings"))
    );
}

#[test]
fn a_way_can_be_tried_out_past_the_outbox() {
    let server = WebServer::start(&["500 Oops"]);
    let courier = hook(&server).courier();
    let way = Way::Webhook("chat".into());
    let verdict = runtime().block_on(courier.try_out(&way, &message(&["test"]), NOW));
    assert!(matches!(verdict, Verdict::Later(_)));
    assert!(courier.outbox().waiting().is_empty());
}
