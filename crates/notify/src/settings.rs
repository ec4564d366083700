//! The settings: how reminders leave this machine, in a TOML file for its owner only.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use proofroom_review::FileFault;
use proofroom_review::fault::Source;
use serde::Deserialize;

use crate::message::Way;
use crate::secret::Secret;
use crate::webhook::Key;

const WAYS_MAX: usize = 200;
const PEOPLE_MAX: usize = 2_000;
const WAIT_S: u64 = 30;
const WAIT_S_MAX: u64 = 3_600;

/// A settings file with everything that it can say.
pub const SETTINGS_EXAMPLE: &str = include_str!("example.toml");

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Others may read the file.
    #[error(transparent)]
    Exposed(#[from] Exposed),
    /// A mistake in the file.
    #[error("{}: {fault}", path.display())]
    Fault {
        /// The file.
        path: PathBuf,
        /// Where and what.
        fault: FileFault,
    },
}

/// A file with secrets that others may read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} holds secrets and others may read it (mode {mode:o}): run `chmod 600 {}`", path.display(), path.display())]
pub struct Exposed {
    /// The file.
    pub path: PathBuf,
    /// Its permissions.
    pub mode: u32,
}

/// How mail is encrypted on its way to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// A plain connection is encrypted before anything is said: port 587.
    #[default]
    Starttls,
    /// Encrypted from the beginning: port 465.
    Tls,
    /// Not at all: for a mail server on this machine only.
    None,
}

impl Encryption {
    /// The port where none is given.
    pub const fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Mail.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// The server's name.
    pub server: String,
    /// Its port; absent for the usual one.
    pub port: Option<u16>,
    /// Whether and how the connection is encrypted.
    #[serde(default)]
    pub encryption: Encryption,
    /// The account.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// The sender: `Proofroom <proofroom@example.org>`.
    pub from: String,
    /// Who gets mail.
    #[serde(default)]
    pub to: Vec<MailTo>,
}

/// Somebody who gets mail.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailTo {
    /// Who: their printed name or id.
    pub person: String,
    /// Where to.
    pub address: String,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// What it is called here.
    pub name: String,
    /// Where to.
    pub url: String,
    /// What its messages are signed with: `whsec_` and base64.
    pub secret: Secret,
    /// About whom, by printed name or id; absent for everybody.
    pub people: Option<Vec<String>>,
}

/// A program that shows a message, such as `notify-send`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramSettings {
    /// What it is called here.
    pub name: String,
    /// The program and its first arguments; subject and text are added.
    pub run: Vec<String>,
    /// About whom, by printed name or id; absent for the person of this machine.
    pub people: Option<Vec<String>>,
}

/// How reminders leave this machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How long at most this machine lets others speak first, in seconds.
    #[serde(default = "wait_s")]
    pub wait_s: u64,
    /// Mail.
    pub mail: Option<MailSettings>,
    /// Webhooks.
    #[serde(default)]
    pub webhook: Vec<WebhookSettings>,
    /// Programs.
    #[serde(default)]
    pub program: Vec<ProgramSettings>,
}

const fn wait_s() -> u64 {
    WAIT_S
}

impl Default for Settings {
    fn default() -> Self {
        Self { wait_s: WAIT_S, mail: None, webhook: Vec::new(), program: Vec::new() }
    }
}

impl Settings {
    /// The settings of a file; none at all where it is not there.
    ///
    /// # Errors
    /// When it cannot be read, others may read it, or it has a mistake: the line is named.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let io = |error| SettingsError::Io { path: path.to_owned(), error };
        let mode = match fs::metadata(path) {
            Ok(metadata) => metadata.permissions().mode() & 0o777,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(io(e)),
        };
        if mode & 0o077 != 0 {
            return Err(Exposed { path: path.to_owned(), mode }.into());
        }
        let text = fs::read_to_string(path).map_err(io)?;
        Self::from_toml(&text).map_err(|fault| SettingsError::Fault { path: path.to_owned(), fault })
    }

    /// Reads settings.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn from_toml(text: &str) -> Result<Self, FileFault> {
        let source = Source::new(text)?;
        let settings: Self = source.read()?;
        match settings.fault(&source) {
            Some(fault) => Err(fault),
            None => Ok(settings),
        }
    }

    /// The ways on which messages to a person leave; `me` says whether it is the person of this machine.
    pub fn ways(&self, person: &str, name: &str, me: bool) -> Vec<Way> {
        let is = |who: &str| who == name || (who.len() >= 8 && person.starts_with(&who.to_lowercase()));
        let about = |people: &Option<Vec<String>>| people.as_ref().map(|all| all.iter().any(|p| is(p)));
        let mail = self.mail.iter().flat_map(|m| &m.to).filter(|to| is(&to.person));
        let hooks = self.webhook.iter().filter(|w| about(&w.people).unwrap_or(true));
        let programs = self.program.iter().filter(|p| about(&p.people).unwrap_or(me));
        mail.map(|to| Way::Mail(to.address.clone()))
            .chain(hooks.map(|w| Way::Webhook(w.name.clone())))
            .chain(programs.map(|p| Way::Program(p.name.clone())))
            .collect()
    }

    /// All ways that are set up, with whom each is for in words.
    pub fn all_ways(&self) -> Vec<(Way, String)> {
        let people = |people: &Option<Vec<String>>, otherwise: &str| match people {
            Some(people) => people.join(", "),
            None => otherwise.to_owned(),
        };
        let mail = self.mail.iter().flat_map(|m| &m.to);
        let hooks = self.webhook.iter();
        let programs = self.program.iter();
        mail.map(|to| (Way::Mail(to.address.clone()), to.person.clone()))
            .chain(hooks.map(|w| (Way::Webhook(w.name.clone()), people(&w.people, "everybody"))))
            .chain(programs.map(|p| (Way::Program(p.name.clone()), people(&p.people, "you"))))
            .collect()
    }

    /// The people who are named.
    pub fn people(&self) -> Vec<&str> {
        let mail = self.mail.iter().flat_map(|m| &m.to).map(|to| to.person.as_str());
        let hooks = self.webhook.iter().filter_map(|w| w.people.as_ref());
        let programs = self.program.iter().filter_map(|p| p.people.as_ref());
        let mut all: Vec<&str> = mail.chain(hooks.chain(programs).flatten().map(String::as_str)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn fault(&self, source: &Source<'_>) -> Option<FileFault> {
        let mail = || self.mail.as_ref().and_then(|mail| mail_fault(mail, source));
        let hooks = || {
            let mut all = self.webhook.iter().enumerate();
            all.find_map(|(i, hook)| hook_fault(hook, source, &format!("webhook.{i}")))
        };
        let programs = || {
            let mut all = self.program.iter().enumerate();
            all.find_map(|(i, program)| program_fault(program, source, &format!("program.{i}")))
        };
        let wait = || {
            let what = format!("{} seconds is too long", self.wait_s);
            let long = self.wait_s > WAIT_S_MAX;
            long.then(|| source.fault("wait_s", what, format!("write at most {WAIT_S_MAX}")))
        };
        wait().or_else(mail).or_else(hooks).or_else(programs).or_else(|| self.names_fault(source))
    }

    fn names_fault(&self, source: &Source<'_>) -> Option<FileFault> {
        let ways = self.all_ways();
        if ways.len() > WAYS_MAX || self.people().len() > PEOPLE_MAX {
            let what = format!("{} ways and {} people are set up", ways.len(), self.people().len());
            return Some(source.fault("", what, format!("at most {WAYS_MAX} and {PEOPLE_MAX} can be")));
        }
        let names = |i: usize| match &ways[i].0 {
            Way::Mail(_) => None,
            way => Some(way),
        };
        let twice = (0..ways.len())
            .filter_map(names)
            .find(|way| (0..ways.len()).filter_map(names).filter(|other| other == way).count() > 1)?;
        let (kind, name) = match twice {
            Way::Program(name) => ("program", name),
            Way::Mail(name) | Way::Webhook(name) => ("webhook", name),
        };
        let fix = "give each a name of its own";
        Some(source.fault(kind, format!("there are two {kind}s called `{name}`"), fix))
    }
}

fn mail_fault(mail: &MailSettings, source: &Source<'_>) -> Option<FileFault> {
    let fault =
        |field: &str, what: String, fix: &str| Some(source.fault(&format!("mail.{field}"), what, fix));
    if mail.server.trim().is_empty() {
        return fault("server", "the server has no name".into(), "write one, such as \"smtp.example.org\"");
    }
    if mail.encryption == Encryption::None && !is_loopback(&mail.server) {
        let what = format!("mail to {} would go unencrypted", mail.server);
        return fault(
            "encryption",
            what,
            "write \"starttls\" or \"tls\"; \"none\" is for a server on this machine",
        );
    }
    if mail.user.is_some() != mail.password.is_some() {
        let field = if mail.user.is_some() { "user" } else { "password" };
        return fault(field, "an account has a user and a password".into(), "give both, or neither");
    }
    if let Err(e) = crate::mail::mailbox(&mail.from) {
        return fault("from", e, "write `Name <name@example.org>`");
    }
    mail.to.iter().enumerate().find_map(|(i, to)| {
        let bad = crate::mail::mailbox(&to.address).err()?;
        fault(&format!("to.{i}.address"), bad, "write `name@example.org`")
    })
}

fn hook_fault(hook: &WebhookSettings, source: &Source<'_>, at: &str) -> Option<FileFault> {
    let fault =
        |field: &str, what: String, fix: &str| Some(source.fault(&format!("{at}.{field}"), what, fix));
    if !is_name(&hook.name) {
        return fault(
            "name",
            format!("`{}` is no name", hook.name),
            "use letters, digits, `-` and `_`, at most 40",
        );
    }
    let url = match reqwest::Url::parse(&hook.url) {
        Ok(url) => url,
        Err(e) => return fault("url", format!("this is no address: {e}"), "write `https://host/path`"),
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" => {
            return fault(
                "url",
                "the address is not encrypted".into(),
                "write https://; http:// is for this machine",
            );
        }
        other => return fault("url", format!("`{other}` is not spoken here"), "write `https://host/path`"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fault(
            "url",
            "the address holds a password".into(),
            "leave it out: messages are signed with `secret`",
        );
    }
    match Key::read(&hook.secret) {
        Ok(_) => None,
        Err(what) => fault("secret", what, "make one: proofroom notify secret"),
    }
}

fn program_fault(program: &ProgramSettings, source: &Source<'_>, at: &str) -> Option<FileFault> {
    let fault =
        |field: &str, what: String, fix: &str| Some(source.fault(&format!("{at}.{field}"), what, fix));
    if !is_name(&program.name) {
        return fault(
            "name",
            format!("`{}` is no name", program.name),
            "use letters, digits, `-` and `_`, at most 40",
        );
    }
    match program.run.first() {
        Some(first) if !first.trim().is_empty() => None,
        _ => fault("run", "no program is named".into(), "write run = [\"notify-send\"]"),
    }
}

fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !name.is_empty() && name.len() <= 40 && name.bytes().all(plain)
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starttls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        })
    }
}
