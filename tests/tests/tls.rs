//! A relay that speaks TLS itself, by certificates that openssl makes, as operators do.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proofroom_tests::peer::{list, string};
use proofroom_tests::relay::{Relay, Running};
use proofroom_tests::world::{World, until};

fn openssl(folder: &Path, args: &[&str]) {
    let done = Command::new("openssl").current_dir(folder).args(args).output();
    let done = done.expect("openssl runs (`cargo xtask test` installs it)");
    assert!(done.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// An authority of one's own.
fn authority(folder: &Path) -> PathBuf {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key"];
    let says = ["-x509", "-days", "30", "-subj", "/CN=Studio Nord", "-out", "ca.pem"];
    openssl(folder, &[&["req"], &key[..], &says[..]].concat());
    folder.join("ca.pem")
}

/// A certificate for loopback with a serial of its own, vouched for by that authority: `cert.pem` and `key.pem`.
fn certify(folder: &Path, serial: &str) {
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").expect("room");
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem"];
    openssl(folder, &[&["req"], &key[..], &["-subj", "/CN=relay", "-out", "request"]].concat());
    let by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", serial, "-days", "30"];
    openssl(
        folder,
        &[&["x509", "-req", "-in", "request"], &by[..], &["-extfile", "names", "-out", "cert.pem"]].concat(),
    );
}

/// The serial of the certificate that somebody who connects now is shown.
fn serial_shown(relay: &Relay) -> String {
    let at = relay.url.trim_start_matches("wss://");
    let mut shown = Command::new("openssl")
        .args(["s_client", "-connect", at])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl runs");
    let read = Command::new("openssl")
        .args(["x509", "-noout", "-serial"])
        .stdin(shown.stdout.take().expect("stdout was asked to be piped"))
        .output()
        .expect("openssl runs");
    shown.wait().expect("it ends");
    String::from_utf8_lossy(&read.stdout).trim().trim_start_matches("serial=").to_owned()
}

#[test]
fn a_relay_with_a_certificate_is_believed_by_its_authority_and_renews_without_dropping_anybody() {
    let world = World::new();
    let place = world.place("pki");
    std::fs::create_dir(&place).expect("room");
    let ca = authority(&place).to_string_lossy().into_owned();
    certify(&place, "17");
    let files = ["cert.pem", "key.pem"].map(|name| place.join(name).to_string_lossy().into_owned());
    let args = ["--listen", "127.0.0.1:0", "--tls-cert", &files[0], "--tls-key", &files[1]];
    let relay = Relay::with(&world.place("relay"), None, &args);
    assert!(relay.url.starts_with("wss://127.0.0.1:"), "{}", relay.url);

    let ada = world.person("ada");
    ada.run(&["workspace", "create", "Spring campaign", "--relay", &relay.url]);
    let refused = ada.refused(&["sync"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    refused.names(&["certificate", "not believed", "--ca"]);
    ada.refused(&["sync", "--ca", &files[1]]).names(&["certificate authority"]);
    ada.run(&["sync", "--ca", &ca]);
    let link = string(&ada.run(&["invite", "--role", "reviewer", "--ca", &ca]), "link");
    ada.run(&["sync", "--ca", &ca]);
    let bo = world.person("bo");
    let joined = bo.command(&["join", &link]).env("PROOFROOM_CA", &ca).output().expect("it starts");
    assert!(joined.status.success(), "{}", String::from_utf8_lossy(&joined.stderr));

    let there = Running::command("bo", &mut bo.command(&["sync", "--watch", "--ca", &ca]));
    there.wait_for("the relay", |line| line["event"] == "in_sync");
    assert_eq!(serial_shown(&relay), "11", "seventeen, as openssl writes it");
    certify(&place, "42");
    let asked = Command::new("kill").args(["-HUP", &relay.pid().to_string()]).status();
    assert!(asked.is_ok_and(|s| s.success()));
    until("the renewed certificate is shown", || serial_shown(&relay) == "2A");
    let copy = world.studio.copy_markdown("copy.md", "Faster than the tram");
    ada.run(&["asset", "add", &copy.to_string_lossy(), "--name", "Copy", "--category", "written"]);
    ada.run(&["comment", "add", "Copy", "Over the renewed one"]);
    ada.run(&["sync", "--ca", &ca]);
    until("it comes over the connection from before", || {
        bo.output(&["comment", "list", "Copy"]).status.success()
            && list(&bo.run(&["comment", "list", "Copy"]), "comments").len() == 1
    });
    let before = there.lines_so_far();
    assert!(before.iter().all(|line| line["event"] != "disconnected"), "{before:?}");
    there.stop();
}

#[test]
fn files_that_make_no_certificate_are_named() {
    let world = World::new();
    let place = world.place("pki");
    std::fs::create_dir(&place).expect("room");
    authority(&place);
    certify(&place, "1");
    let path = |name: &str| place.join(name).to_string_lossy().into_owned();
    let ada = world.person("ada");
    let data = world.place("relay").to_string_lossy().into_owned();
    for (cert, key, named) in [
        ("cert.pem", "ca.key", "ca.key"),
        ("key.pem", "key.pem", "key.pem"),
        ("cert.pem", "cert.pem", "cert.pem"),
        ("gone.pem", "key.pem", "gone.pem"),
    ] {
        let (cert, key) = (path(cert), path(key));
        let args =
            ["relay", "--listen", "127.0.0.1:0", "--data", &data, "--tls-cert", &cert, "--tls-key", &key];
        ada.refused(&args).names(&[named]);
    }
    assert!(!world.place("relay").exists(), "nothing was begun");
}
