use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use proofroom_notify::{SETTINGS_EXAMPLE, Settings, SettingsError, Way};

#[test]
fn the_example_holds_and_names_every_way() {
    let settings = Settings::from_toml(SETTINGS_EXAMPLE).expect("the example");
    let ways: Vec<String> = settings.all_ways().iter().map(|(way, who)| format!("{way} for {who}")).collect();
    assert_eq!(
        ways,
        ["mail to bo@example.org for Bo Ek", "webhook chat for everybody", "program desktop for you"]
    );
}

#[test]
fn each_mistake_is_told_with_its_line_and_what_to_write() {
    for (from, to, line, says, fix) in [
        ("wait_s = 30", "wait_s = 86400", 5, "too long", "at most 3600"),
        ("server = \"smtp", "sever = \"smtp", 9, "unknown field `sever`", "correct the key"),
        ("encryption = \"starttls\"", "encryption = \"none\"", 10, "would go unencrypted", "starttls"),
        ("encryption = \"starttls\"", "encryption = \"ssl\"", 10, "unknown variant `ssl`", ""),
        ("user = \"proofroom@example.org\"", "", 13, "an account has a user and a password", "give both"),
        (
            "from = \"Proofroom <proofroom@example.org>\"",
            "from = \"Proofroom\"",
            14,
            "is no mail address",
            "name@example.org",
        ),
        (
            "address = \"bo@example.org\"",
            "address = \"bo\"",
            18,
            "`bo` is no mail address",
            "name@example.org",
        ),
        ("name = \"chat\"", "name = \"the chat\"", 22, "`the chat` is no name", "letters"),
        ("url = \"https://", "url = \"http://", 23, "not encrypted", "https://"),
        ("url = \"https://", "url = \"ftp://", 23, "`ftp` is not spoken", "https://"),
        ("url = \"https://", "url = \"https://ada:pw@", 23, "holds a password", "leave it out"),
        ("whsec_cHJvb2Zyb29tLWV4YW1wbGUtc2VjcmV0", "geheim", 24, "begins with `whsec_`", "notify secret"),
        ("run = [\"notify-send\", \"--app-name=Proofroom\"]", "run = []", 30, "no program", "notify-send"),
    ] {
        assert!(SETTINGS_EXAMPLE.contains(from), "{from}");
        let fault = Settings::from_toml(&SETTINGS_EXAMPLE.replacen(from, to, 1)).expect_err(to);
        assert_eq!(fault.line, line, "{to}: {fault}");
        assert!(fault.what.contains(says) && fault.fix.contains(fix), "{to}: {fault}");
        assert!(!fault.to_string().contains("geheim") && !fault.to_string().contains(":pw@"), "{fault}");
    }
    let twice = format!("{SETTINGS_EXAMPLE}\n[[program]]\nname = \"desktop\"\nrun = [\"true\"]\n");
    assert!(Settings::from_toml(&twice).expect_err("two").what.contains("two programs called `desktop`"));
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let path = place.path().join("notify.toml");
    assert_eq!(Settings::load(&path).expect("no file, no ways"), Settings::default());
    std::fs::write(&path, SETTINGS_EXAMPLE).expect("a file");
    std::fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("ours");
    let refused = Settings::load(&path).expect_err("the group may read it");
    assert!(matches!(refused, SettingsError::Exposed(_)));
    assert!(refused.to_string().contains("chmod 600"), "{refused}");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("ours");
    assert!(Settings::load(&path).expect("for its owner only").mail.is_some());
    std::fs::write(&path, "[mail]\nserver = 1\n").expect("a file");
    let fault = Settings::load(&path).expect_err("a number is no server").to_string();
    assert!(fault.contains("notify.toml: line 2: "), "{fault}");
}

#[test]
fn secrets_are_not_printed() {
    let settings = Settings::from_toml(SETTINGS_EXAMPLE).expect("the example");
    let printed = format!("{settings:?}");
    assert!(printed.contains("Secret(hidden)"));
    for secret in ["the account's password", "cHJvb2Zyb29t"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn people_are_reached_by_name_or_id_on_the_ways_that_name_them() {
    let toml = r#"
        [[webhook]]
        name = "all"
        url = "https://hooks.example.org/a"
        secret = "whsec_cHJvb2Zyb29tLWV4YW1wbGUtc2VjcmV0"
        [[webhook]]
        name = "some"
        url = "https://hooks.example.org/b"
        secret = "whsec_cHJvb2Zyb29tLWV4YW1wbGUtc2VjcmV0"
        people = ["b0b0b0b0", "Cy"]
        [[program]]
        name = "desktop"
        run = ["notify-send"]
    "#;
    let settings = Settings::from_toml(toml).expect("settings");
    let names = |person: &str, name: &str, me: bool| -> Vec<String> {
        let name_of = |way: Way| match way {
            Way::Mail(name) | Way::Webhook(name) | Way::Program(name) => name,
        };
        settings.ways(person, name, me).into_iter().map(name_of).collect()
    };
    assert_eq!(names("b0b0b0b0b0", "Bo", false), ["all", "some"]);
    assert_eq!(names("c1c1c1c1c1", "Cy", true), ["all", "some", "desktop"]);
    assert_eq!(names("d1d1d1d1d1", "Di", false), ["all"]);
    assert_eq!(settings.people(), ["Cy", "b0b0b0b0"]);
}
