//! The story: Ada, under a passphrase, and Bo work over a relay; a machine is lost and restored; much goes wrong.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use proofroom_authority::Authority;
use proofroom_ident::{
    Audience, ByteReader, DeviceRecord, DeviceSecrets, DocId, KexSecret, RecoveryPhrase, SigningSecret,
    Vault, WorkspaceId,
};
use proofroom_replica::{Continuation, InviteLink, Me, Replica};
use proofroom_review::ProfileStatement;
use proofroom_seal::WrapInfo;
use proofroom_store::Store as _;
use proofroom_store_redb::RedbStore;
use serde_json::Value;

use crate::leak::Secret;

const PASSPHRASE: &str = "correct horse battery staple";
const WRONG: &str = "incorrect horse battery staple";

/// What was said so far, by all.
type Said = Arc<Mutex<Vec<u8>>>;

/// The story, told to its end.
pub struct Story {
    folder: tempfile::TempDir,
    said: Said,
    phrase: String,
    links: Vec<String>,
}

/// A process that stays, and the threads that write down what it says.
struct Staying {
    child: Child,
    scribes: Vec<JoinHandle<()>>,
}

impl Staying {
    /// Starts it, and waits for its first line on standard output.
    fn start(mut command: Command, said: &Said) -> (Self, Value) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().expect("it was asked to be piped"));
        let err = child.stderr.take().expect("it was asked to be piped");
        let errors = write_down(err, said);
        let mut first = String::new();
        out.read_line(&mut first).expect("it says that it is there");
        said.lock().expect("no scribe panics").extend_from_slice(first.as_bytes());
        let first = serde_json::from_str(&first).expect("the first line is JSON");
        let scribes = vec![errors, write_down(out, said)];
        (Self { child, scribes }, first)
    }

    /// Ends it as a service manager does, and waits until all that it said is written down.
    fn stop(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()));
        assert!(self.child.wait().expect("it ends").success());
        self.scribes.drain(..).for_each(|scribe| scribe.join().expect("a scribe only writes"));
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn write_down(mut from: impl Read + Send + 'static, said: &Said) -> JoinHandle<()> {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(n @ 1..) = from.read(&mut piece) {
            said.lock().expect("nobody panics").extend_from_slice(&piece[..n]);
        }
    })
}

impl Story {
    /// Tells it.
    pub fn told() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut story = Self { folder, said: Said::default(), phrase: String::new(), links: Vec::new() };
        let mut relay = story.program();
        relay.args(["--json", "relay", "--listen", "127.0.0.1:0", "--data"]).arg(story.place("relay"));
        let (relay, first) = Staying::start(relay, &story.said);
        story.tell(first["url"].as_str().expect("it says where it listens"));
        relay.stop();
        story.tell_failures();
        story
    }

    fn tell(&mut self, relay: &str) {
        // What is asked for is shown: the phrase once, and links. All else is written down.
        let made = self.shown("ada", &["init", "--name", "Ada Ackermann", "--org", "Nord", "--passphrase"]);
        self.phrase = made["recovery_phrase"].as_str().expect("it is shown once").to_owned();
        self.shown("bo", &["init", "--name", "Bo Ek", "--org", "Nord"]);
        self.run("ada", &["workspace", "create", "Spring campaign", "--relay", relay]);
        let link = self.invite();
        self.run("bo", &["join", &link]);
        let file = self.place("copy.txt");
        std::fs::write(&file, "Wake up to light.\n").expect("writable");
        let file = file.to_str().expect("a plain name").to_owned();
        self.run("ada", &["sync"]);
        self.run("ada", &["asset", "add", &file, "--name", "Copy", "--category", "written"]);
        self.run("ada", &["comment", "add", "Copy", "for the team", "--team"]);
        let mut up = self.command("ada", &["up", "--listen", "127.0.0.1:0", "--no-nearby", "--no-web"]);
        up.env("PROOFROOM_PASSPHRASE", PASSPHRASE);
        let (up, _) = Staying::start(up, &self.said);
        self.run("ada", &["sync"]);
        self.run("bo", &["sync"]);
        self.run("bo", &["comment", "add", "Copy", "Wake up to light, indeed", "--quote", "light"]);
        self.run("bo", &["sync"]);
        let second = self.invite();
        self.run("ada", &["peers", "ticket"]);
        up.stop();
        self.run("ada", &["comment", "list", "Copy"]);
        self.run("ada", &["invite", "list"]);
        self.run("ada", &["audit"]);
        self.run("ada", &["log", "--verify"]);
        self.run("ada", &["doctor"]);
        let out = self.place("out");
        self.run("bo", &["export", "Copy", "--to", out.to_str().expect("a plain name")]);
        self.run("ada", &["members", "remove", "Bo Ek"]);
        self.run("ada", &["sync"]);
        self.refuse("bo", &["sync"]);
        self.restore();
        self.links.push(second);
    }

    /// Another machine of Ada's, from her phrase.
    fn restore(&self) {
        let locator = self.run("ada", &["workspace", "locate"]);
        let locator = locator["locator"].as_str().expect("it is printed").to_owned();
        let mut command = self.command("new", &["recover", "--name", "Ada Ackermann", "--org", "Nord"]);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the program starts");
        let mut input = child.stdin.take().expect("it was asked to be piped");
        input.write_all(self.phrase.as_bytes()).expect("it reads the words");
        drop(input);
        self.note(&child.wait_with_output().expect("it ends"));
        self.run("new", &["workspace", "open", &locator]);
        self.run("new", &["comment", "list", "Copy"]);
    }

    /// What is printed where something does not work.
    fn tell_failures(&self) {
        let link = self.links[0].clone();
        let mangled = format!("{}a", &link[..link.len() - 1]);
        for args in [
            &["sync"][..],
            &["join", &link],
            &["join", &mangled],
            &["workspace", "open", &link],
            &["comment", "add", "Nothing", "x"],
        ] {
            self.refuse("bo", args);
        }
        let mut wrong = self.command("ada", &["status"]);
        self.note(&wrong.env("PROOFROOM_PASSPHRASE", WRONG).output().expect("the program starts"));
        let mut phrase = self.command("other", &["recover", "--name", "Ada", "--org", "Nord"]);
        let mut child = phrase.stdin(Stdio::piped()).spawn().expect("the program starts");
        let mut input = child.stdin.take().expect("it was asked to be piped");
        let words = self.phrase.rsplit_once(' ').expect("it has several words").0;
        input.write_all(words.as_bytes()).expect("it reads the words");
        drop(input);
        self.note(&child.wait_with_output().expect("it ends"));
    }

    fn invite(&mut self) -> String {
        let made = self.shown("ada", &["invite", "--role", "reviewer"]);
        let link = made["link"].as_str().expect("the link is shown").to_owned();
        self.links.push(link.clone());
        self.run("ada", &["sync"]);
        link
    }

    /// A place of the story's.
    pub fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofroom"));
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").current_dir(self.folder.path());
        command.env_remove("PROOFROOM_HOME").env_remove("PROOFROOM_PASSPHRASE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn command(&self, name: &str, args: &[&str]) -> Command {
        let mut command = self.program();
        command.arg("--home").arg(self.place(name)).arg("--json").args(args);
        if name == "ada" {
            command.env("PROOFROOM_PASSPHRASE", PASSPHRASE);
        }
        command
    }

    fn note(&self, output: &std::process::Output) {
        let mut said = self.said.lock().expect("no scribe panics");
        said.extend_from_slice(&output.stdout);
        said.extend_from_slice(&output.stderr);
    }

    /// Runs a command that works, and writes down what it says.
    fn run(&self, name: &str, args: &[&str]) -> Value {
        let output = self.command(name, args).output().expect("the program starts");
        self.note(&output);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("it prints JSON")
    }

    /// Runs a command whose very purpose is to show a secret: of it only the log is written down.
    fn shown(&self, name: &str, args: &[&str]) -> Value {
        let mut output = self.command(name, args).output().expect("the program starts");
        let shown = std::mem::take(&mut output.stdout);
        self.note(&output);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&shown).expect("it prints JSON")
    }

    fn refuse(&self, name: &str, args: &[&str]) {
        let output = self.command(name, args).output().expect("the program starts");
        self.note(&output);
        assert!(!output.status.success(), "{args:?} should not have worked");
    }

    /// All that was said, and what is left beside it of who owned a store.
    pub fn said(&self) -> Vec<u8> {
        let mut said = self.said.lock().expect("no scribe panics").clone();
        for name in ["ada", "bo", "new"] {
            said.extend(std::fs::read(self.place(name).join("lock")).expect("it stays"));
        }
        said
    }

    /// Where the story's people keep what they have.
    pub fn homes(&self) -> [PathBuf; 3] {
        ["ada", "bo", "new"].map(|name| self.place(name))
    }

    /// All that nobody may read.
    pub fn secrets(&self) -> Vec<Secret> {
        let phrase = RecoveryPhrase::parse(&self.phrase).expect("it is a phrase");
        let mut secrets = vec![
            Secret::words("the recovery phrase", &self.phrase),
            Secret::bytes("the recovery phrase's key", phrase.kex().seed().as_ref()),
            Secret::words("the passphrase", PASSPHRASE),
            Secret::words("a wrong passphrase", WRONG),
            Secret::bytes(
                "the relay's key",
                &std::fs::read(self.place("relay/relay.key")).expect("it is there"),
            ),
        ];
        for link in &self.links {
            let link: InviteLink = link.parse().expect("it is a link");
            secrets.push(Secret::bytes("an invite's seed", link.secret.seed().as_ref()));
        }
        for name in ["ada", "bo", "new"] {
            let me = self.me(name);
            let keys = [&me.secrets.signing.seed(), &me.secrets.kex.seed(), &me.secrets.endpoint.seed()];
            let which = ["signing", "kex", "endpoint"].into_iter().zip(keys);
            secrets.extend(
                which.map(|(key, seed)| {
                    Secret::bytes(format!("{name}'s device key for {key}"), seed.as_ref())
                }),
            );
        }
        let store = RedbStore::open(self.place("ada/store.redb")).expect("nobody holds it");
        for workspace in store.workspaces().expect("readable") {
            secrets.extend(epoch_keys(&store, workspace, &self.me("ada").secrets.kex));
            secrets.extend(blob_keys(&store, workspace, self.me("ada")));
        }
        secrets
    }

    fn me(&self, name: &str) -> Me {
        let stored = stored(&self.place(name));
        let hex = |field: &str| {
            let text = stored[field].as_str().expect("an identity has it");
            data_encoding::HEXLOWER.decode(text.as_bytes()).expect("it is hexadecimal")
        };
        let seed = |field| hex(field).try_into().expect("a seed has 32 bytes");
        let device = hex("device");
        Me {
            secrets: DeviceSecrets {
                signing: SigningSecret::from_seed(&seed("signing")),
                kex: KexSecret::from_seed(&seed("kex")),
                endpoint: SigningSecret::from_seed(&seed("endpoint")),
            },
            record: DeviceRecord::decode(&mut ByteReader::new(&device)).expect("it is a record"),
            recovery: None,
            recovery_secret: None,
            profile: ProfileStatement {
                printed_name: "Ada".into(),
                organisation: "Nord".into(),
                role_title: None,
            },
        }
    }
}

/// The keys of a home, as its file holds them, the passphrase taken off.
fn stored(home: &Path) -> Value {
    let file = std::fs::read(home.join("identity.json")).expect("there is an identity");
    let keys = serde_json::from_slice::<Value>(&file).expect("it is JSON")["keys"].take();
    match keys["vault"].as_str() {
        None => keys["plain"].clone(),
        Some(sealed) => {
            let sealed = data_encoding::HEXLOWER.decode(sealed.as_bytes()).expect("it is hexadecimal");
            let opened = Vault::open(PASSPHRASE, &sealed).expect("it is the passphrase");
            serde_json::from_slice(&opened).expect("it is JSON")
        }
    }
}

fn epoch_keys(store: &RedbStore, workspace: WorkspaceId, kex: &KexSecret) -> Vec<Secret> {
    let mut authority = Authority::new(workspace);
    for tip in store.tips(workspace, DocId::AUTHORITY).expect("readable") {
        for entry in store.entries(workspace, DocId::AUTHORITY, tip.log, 1, usize::MAX).expect("readable") {
            authority.insert(&entry).expect("it was taken before");
        }
    }
    let mut keys = Vec::new();
    for audience in Audience::ALL {
        for epoch in authority.state().epochs(audience) {
            let info = WrapInfo { workspace, audience, key: epoch.key };
            let opened = epoch.wraps_for(kex.public()).find_map(|wrap| {
                let key = proofroom_seal::unwrap(kex, &wrap.enc, &wrap.sealed, &info).ok()?;
                Some(Secret::bytes(format!("an epoch key of {audience:?}"), key.as_bytes()))
            });
            keys.extend(opened);
        }
    }
    assert!(keys.len() >= 4, "a removal rotates the keys of both audiences: {} keys", keys.len());
    keys
}

fn blob_keys(store: &RedbStore, workspace: WorkspaceId, me: Me) -> Vec<Secret> {
    let mut replica = Replica::open(store, workspace, me, Continuation::NewLogs).expect("readable");
    let assets: Vec<_> = replica.plan(store).expect("readable").assets.iter().map(|asset| asset.id).collect();
    let mut keys = Vec::new();
    for asset in assets {
        let view = replica.review(store, asset, Audience::Everyone).expect("readable");
        keys.extend(view.blobs.values().map(|blob| Secret::bytes("a blob key", blob.key.as_bytes())));
    }
    assert!(!keys.is_empty(), "there is a file");
    keys
}
