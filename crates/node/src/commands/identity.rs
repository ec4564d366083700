//! `init` and `recover`: a person on this machine.

use std::io::{BufRead as _, Write as _};
use std::sync::OnceLock;

use clap::Args;
use proofroom_ident::RecoveryPhrase;
use serde_json::json;
use zeroize::Zeroizing;

use crate::console::Manner;
use crate::failure::Failure;
use crate::home::Home;
use crate::identity::{FILE, Identity, IdentityError, Profile};
use crate::lock::{LOCK_WAIT, Lock, command_line};
use crate::report::{Cell, Report, Tone};
use crate::world;

/// The environment variable that holds the passphrase.
pub const PASSPHRASE: &str = "PROOFROOM_PASSPHRASE";

/// What people see of a person.
#[derive(Debug, Args)]
pub struct Names {
    /// The printed name, as it stands beside a decision
    #[arg(long, value_name = "PRINTED NAME")]
    name: String,
    /// The organisation for which you act
    #[arg(long, value_name = "ORGANISATION")]
    org: String,
    /// Your title there
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// Put the keys under a passphrase: asked for, or read from PROOFROOM_PASSPHRASE
    #[arg(long)]
    passphrase: bool,
}

/// `proofroom init`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  proofroom init --name \"Ada Ackermann\" --org \"Studio Nord\" --title \"Art director\"

The recovery phrase is shown once and stored nowhere. Write it down: it restores you on a new machine.

JSON: {\"person\", \"device\", \"name\", \"organisation\", \"home\", \"recovery_phrase\"}")]
pub struct Init {
    #[command(flatten)]
    names: Names,
}

/// `proofroom recover`
#[derive(Debug, Args)]
#[command(after_help = "\
  1. proofroom recover --name \"Ada Ackermann\" --org \"Studio Nord\"    the 24 words are read from standard input
  2. proofroom workspace open LOCATOR      for each workspace; `workspace locate` prints it on any member's machine
  3. proofroom recover --forget            the words stay on this machine until then

JSON: {\"person\", \"device\", \"name\", \"organisation\", \"home\"}")]
pub struct Recover {
    #[command(flatten)]
    names: Option<Names>,
    /// Remove the words from this machine, once every workspace is open
    #[arg(long, conflicts_with_all = ["name", "org", "title", "passphrase"])]
    forget: bool,
}

/// Makes an identity and shows its recovery phrase.
///
/// # Errors
/// When there is one already, or the home directory cannot be used.
pub fn init(args: &Init, home: &Home) -> Result<Report, Failure> {
    let mut rng = world::rng();
    let phrase = RecoveryPhrase::generate(&mut rng);
    let identity = make(&args.names, home, &phrase, false)?;
    let words = phrase.words();
    let mut json = described(&identity, home);
    json["recovery_phrase"] = json!(*words);
    Ok(summary(Report::new(json), &identity, home)
        .line("")
        .toned(
            "Your recovery phrase. It is shown this once; write it down and keep it offline:",
            Tone::Strong,
        )
        .line("")
        .line(in_rows(&words))
        .essential())
}

/// Restores a person from their phrase.
///
/// # Errors
/// When the phrase is wrong, there is an identity already, or the home directory cannot be used.
pub fn recover(args: &Recover, home: &Home, manner: Manner) -> Result<Report, Failure> {
    let names = match (&args.names, args.forget) {
        (_, true) => return forget(home),
        (Some(names), false) => names,
        (None, false) => {
            return Err(Failure::usage("say who you are: --name \"PRINTED NAME\" --org \"ORGANISATION\""));
        }
    };
    let words = read_phrase(!manner.quiet && !manner.json)?;
    let phrase = RecoveryPhrase::parse(&words)
        .map_err(|e| Failure::user(e).hint("type the 24 words in their order"))?;
    let identity = make(names, home, &phrase, true)?;
    Ok(summary(Report::new(described(&identity, home)), &identity, home)
        .line("Next: proofroom workspace open LOCATOR, for each of your workspaces"))
}

/// Removes the phrase that a recovery left on this machine.
fn forget(home: &Home) -> Result<Report, Failure> {
    let _lock = own(home)?;
    let mut asked = None;
    let mut identity = Identity::load(home, || {
        let given = passphrase()?;
        asked = Some(given.clone());
        Ok::<_, Failure>(given)
    })?;
    identity.phrase = None;
    identity.save(home, asked.as_deref().map(String::as_str), &mut world::rng())?;
    Ok(Report::new(described(&identity, home)).line("The recovery phrase is no longer on this machine"))
}

fn make(names: &Names, home: &Home, phrase: &RecoveryPhrase, restored: bool) -> Result<Identity, Failure> {
    let profile = Profile::new(&names.name, &names.org, names.title.as_deref())?;
    home.create()?;
    let _lock = own(home)?;
    if Identity::exists(home)? {
        return Err(IdentityError::Exists(home.path(FILE).display().to_string()).into());
    }
    let passphrase = if names.passphrase { Some(new_passphrase()?) } else { None };
    let mut rng = world::rng();
    let identity = Identity::from_phrase(phrase, profile, world::now(), restored, &mut rng);
    identity.save(home, passphrase.as_deref().map(String::as_str), &mut rng)?;
    Ok(identity)
}

/// Owns the home directory for a moment.
pub(super) fn own(home: &Home) -> Result<Lock, Failure> {
    match Lock::acquire(home, &command_line(), LOCK_WAIT, || None::<()>)? {
        Ok(lock) => Ok(lock),
        Err(()) => unreachable!("nothing ends the waiting but the lock"),
    }
}

fn described(identity: &Identity, home: &Home) -> serde_json::Value {
    json!({
        "person": identity.person(),
        "device": identity.device.signing,
        "name": identity.profile.name,
        "organisation": identity.profile.organisation,
        "home": home.dir(),
    })
}

fn summary(report: Report, identity: &Identity, home: &Home) -> Report {
    report.fields([
        ("name", Cell::new(&identity.profile.name, Tone::Strong)),
        ("organisation", Cell::from(&identity.profile.organisation)),
        ("person", Cell::from(identity.person().short())),
        ("device", Cell::from(identity.device.signing.short())),
        ("home", Cell::from(home.dir().display())),
    ])
}

fn in_rows(words: &str) -> String {
    let words: Vec<&str> = words.split(' ').collect();
    let row = |(i, row): (usize, &[&str])| {
        let cells = row.iter().enumerate().map(|(j, word)| format!("{:>4}. {word:<10}", i * 6 + j + 1));
        cells.collect::<String>().trim_end().to_owned()
    };
    words.chunks(6).enumerate().map(row).collect::<Vec<_>>().join("\n")
}

fn read_phrase(ask: bool) -> Result<Zeroizing<String>, Failure> {
    if ask {
        let _closed = write!(std::io::stderr(), "Recovery phrase (24 words): ");
    }
    let mut typed = Zeroizing::new(String::new());
    let mut input = std::io::stdin().lock();
    loop {
        let words = without_numbers(&typed);
        if words.split_whitespace().count() >= 24 {
            return Ok(words);
        }
        match input.read_line(&mut typed) {
            Ok(0) => return Ok(words),
            Ok(_) => {}
            Err(e) => return Err(Failure::user(format!("cannot read the recovery phrase: {e}"))),
        }
    }
}

/// The words of a phrase as `init` prints it: each has its number in front.
fn without_numbers(typed: &str) -> Zeroizing<String> {
    let is_word = |w: &&str| !w.trim_end_matches('.').bytes().all(|b| b.is_ascii_digit());
    Zeroizing::new(typed.split_whitespace().filter(is_word).collect::<Vec<_>>().join(" "))
}

fn from_environment() -> Option<Zeroizing<String>> {
    std::env::var(PASSPHRASE).ok().filter(|p| !p.is_empty()).map(Zeroizing::new)
}

fn prompt(text: &str) -> Result<Zeroizing<String>, Failure> {
    let read = rpassword::prompt_password(text);
    read.map(Zeroizing::new).map_err(|e| {
        Failure::user(format!("the keys are under a passphrase, and it cannot be asked for: {e}"))
            .hint(format!("set {PASSPHRASE}"))
    })
}

/// `proofroom passphrase`
#[derive(Debug, Args)]
#[command(after_help = "\
The keys of this machine are sealed under the passphrase (Argon2id). It is asked for by every command, by `up` once,
and at each signing on a regulated route. Nobody can recover it; the recovery phrase restores the person.

JSON: {\"protected\"}")]
pub struct Passphrase {
    /// Store the keys without a passphrase again
    #[arg(long)]
    remove: bool,
}

/// Puts this machine's keys under a passphrase, or another one, or none.
///
/// # Errors
/// When the old one is wrong, the new one is not typed twice, or the file cannot be written.
pub fn change(args: &Passphrase, home: &Home) -> Result<Report, Failure> {
    let held = Identity::is_under_passphrase(home)?;
    let identity = Identity::load(home, || prompt_or_environment("Passphrase: "))?;
    let new = match (args.remove, held, from_environment()) {
        (true, ..) => None,
        (false, false, Some(given)) => Some(given),
        _ => Some(typed_twice()?),
    };
    identity.save(home, new.as_deref().map(String::as_str), &mut world::rng())?;
    let text = match new {
        Some(_) => "This machine's keys are under a passphrase",
        None => "This machine's keys are under no passphrase",
    };
    Ok(Report::new(json!({"protected": new.is_some()})).toned(text, Tone::Good))
}

fn prompt_or_environment(text: &str) -> Result<Zeroizing<String>, Failure> {
    from_environment().map_or_else(|| prompt(text), Ok)
}

/// A passphrase for new keys, typed twice.
fn new_passphrase() -> Result<Zeroizing<String>, Failure> {
    from_environment().map_or_else(typed_twice, Ok)
}

fn typed_twice() -> Result<Zeroizing<String>, Failure> {
    let first = prompt("New passphrase: ")?;
    let second = prompt("The same again: ")?;
    if first.is_empty() || *first != *second {
        return Err(Failure::user("the passphrase is empty, or the two differ"));
    }
    Ok(first)
}

/// The passphrase of keys that are under one.
///
/// # Errors
/// When it is neither in the environment nor can be asked for.
pub fn passphrase() -> Result<Zeroizing<String>, Failure> {
    if let Some(given) = from_environment() {
        return Ok(given);
    }
    // The ceremony has asked for it in this process, and it was right.
    if let Some(known) = KNOWN.get() {
        return Ok(known.clone());
    }
    prompt("Passphrase: ")
}

/// What was typed in this process and opened the keys.
static KNOWN: OnceLock<Zeroizing<String>> = OnceLock::new();

/// The passphrase, asked for anew: at a signing, what was typed earlier does not serve.
///
/// # Errors
/// When it is neither in the environment nor can be asked for.
pub fn passphrase_again() -> Result<Zeroizing<String>, Failure> {
    from_environment().map_or_else(|| prompt("Passphrase, to sign: "), Ok)
}

/// The passphrase as far as it must be known before the keys can be asked: typed once, and kept for this process.
/// `None` where a process that stays connected has opened the keys, or they are under none.
///
/// # Errors
/// When it cannot be asked for, or is wrong.
pub fn known_passphrase(home: &Home) -> Result<Option<Zeroizing<String>>, Failure> {
    if !Identity::is_under_passphrase(home)? || crate::agent::is_listening(home) {
        return Ok(None);
    }
    let typed = passphrase()?;
    crate::ceremony::opened(home, &typed)?;
    Ok(Some(KNOWN.get_or_init(|| typed).clone()))
}

#[cfg(test)]
mod tests {
    use super::{in_rows, without_numbers};

    #[test]
    fn a_phrase_can_be_pasted_as_it_was_printed() {
        let words = vec!["word"; 24].join(" ");
        assert_eq!(*without_numbers(&in_rows(&words)), words);
        assert_eq!(*without_numbers(&words), words);
    }
}
