//! The signing ceremony: what is signed is shown first, and whoever signs shows that they are there.
//!
//! ```text
//! decide --preview   (where the store is)   what would be signed, and whether its route asks for a passphrase
//! terminal           (here)                 shows it, asks for consent, asks for the passphrase
//! decide --presence  (where the store is)   signs, if the presence is fresh and this command's
//! ```
//!
//! The passphrase stays here. What travels is a presence: a signature by the device's key, which only the
//! passphrase opens, over this command and this moment. It serves once, for two minutes. Attempts that failed are
//! counted in the home directory, and the next decision that succeeds carries the number.

use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use proofroom_ident::{ByteReader, ByteWriter, Millis, Signature, SignerKey, SigningSecret};
use proofroom_review::statement::{UserVerified, VerifiedBy};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::commands::decide::Decide;
use crate::commands::identity;
use crate::failure::Failure;
use crate::home::Home;
use crate::identity::Identity;
use crate::world;

const DOMAIN: &str = "proofroom 1 presence";
const FRESH_MS: u64 = 120_000;
const ATTEMPTS: &str = "failed-attempts.json";

/// Proof that somebody who knows the passphrase was here, for one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    at: Millis,
    failed_attempts: u32,
    signature: Signature,
}

impl Presence {
    fn message(command: &str, at: Millis, failed_attempts: u32) -> Vec<u8> {
        let mut w = ByteWriter::default();
        w.u64(at.0).u32(failed_attempts).run(command.as_bytes());
        w.finish()
    }

    fn sign(command: &str, at: Millis, failed_attempts: u32, secret: &SigningSecret) -> Self {
        let signature = secret.sign(DOMAIN, &Self::message(command, at, failed_attempts));
        Self { at, failed_attempts, signature }
    }

    /// What the decision says of it.
    ///
    /// # Errors
    /// When it is not this device's, not of this command, or too old.
    pub fn verify(&self, command: &str, device: SignerKey, now: Millis) -> Result<UserVerified, Failure> {
        let message = Self::message(command, self.at, self.failed_attempts);
        let signed = device.verify(DOMAIN, &message, &self.signature);
        signed.map_err(|_| Failure::user("the passphrase was not given for this decision"))?;
        if now.0.abs_diff(self.at.0) > FRESH_MS {
            return Err(Failure::user(
                "the session timed out: the passphrase was given more than two minutes ago",
            )
            .hint("run the command again"));
        }
        Ok(UserVerified { method: VerifiedBy::Passphrase, failed_attempts: self.failed_attempts })
    }
}

impl std::fmt::Display for Presence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut w = ByteWriter::default();
        w.u64(self.at.0).u32(self.failed_attempts).put(self.signature.as_bytes());
        f.write_str(&data_encoding::HEXLOWER.encode(&w.finish()))
    }
}

impl std::str::FromStr for Presence {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|e| e.to_string())?;
        let mut r = ByteReader::new(&bytes);
        let mut read = || -> Result<Self, proofroom_ident::ShortInput> {
            Ok(Self {
                at: Millis(r.u64("time")?),
                failed_attempts: r.u32("attempts")?,
                signature: Signature::from_bytes(r.array("signature")?),
            })
        };
        let presence = read().map_err(|e| e.to_string())?;
        if r.is_empty() { Ok(presence) } else { Err("a presence that is too long".into()) }
    }
}

/// Goes through the ceremony where somebody is to be asked; gives the presence, where the route wants one.
///
/// # Errors
/// When they do not consent, or the passphrase is wrong.
pub fn hold(args: &Decide, home: &Home, workspace: Option<&str>) -> Result<Option<Presence>, Failure> {
    let person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let protected = Identity::is_under_passphrase(home)?;
    if !(protected || person && !args.consents()) {
        return Ok(None);
    }
    let preview = preview(home, workspace)?;
    if person && !args.consents() {
        show(&preview);
        consent()?;
    }
    if preview["needs_passphrase"] != true || !protected {
        return Ok(None);
    }
    let identity = opened(home, &identity::passphrase_again()?)?;
    Ok(Some(Presence::sign(&args.command_text(), world::now(), failures(home), &identity.secrets.signing)))
}

/// Opens the keys with what was typed; a failure is counted until a decision tells of it.
///
/// # Errors
/// When the passphrase is wrong.
pub fn opened(home: &Home, typed: &Zeroizing<String>) -> Result<Identity, Failure> {
    let opened = Identity::load(home, || Ok::<_, Failure>(typed.clone()));
    if opened.is_err() {
        let count = serde_json::json!({"failed_attempts": failures(home).saturating_add(1)});
        home.write(ATTEMPTS, count.to_string().as_bytes())?;
    }
    opened
}

/// A decision told of the failures: they are counted anew.
///
/// # Errors
/// When the home directory cannot be written.
pub fn told(home: &Home) -> Result<(), Failure> {
    Ok(home.remove(ATTEMPTS)?)
}

fn failures(home: &Home) -> u32 {
    let bytes = home.read(ATTEMPTS).ok().flatten().unwrap_or_default();
    let count: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    count["failed_attempts"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

/// The same command with `--preview`, wherever the store is.
fn preview(home: &Home, workspace: Option<&str>) -> Result<Value, Failure> {
    let lost = |e: std::io::Error| Failure::store(format!("cannot ask what would be signed: {e}"));
    let mut command = Command::new(std::env::current_exe().map_err(lost)?);
    command.args(std::env::args_os().skip(1)).arg("--preview").arg("--json").arg("--home").arg(home.dir());
    command.args(workspace.iter().flat_map(|w| ["--workspace", w]));
    if let Some(known) = identity::known_passphrase(home)? {
        command.env(identity::PASSPHRASE, known.as_str());
    }
    let output = command.stdin(Stdio::null()).output().map_err(lost)?;
    serde_json::from_slice(&output.stdout).map_err(|_| refused(&output.stderr))
}

/// What the preview says is what the command says.
fn refused(stderr: &[u8]) -> Failure {
    let error: Value = serde_json::from_slice(stderr).unwrap_or_default();
    let text = |name: &str| error["error"][name].as_str().map(str::to_owned);
    let failure = Failure::user(text("message").unwrap_or_else(|| "the decision cannot be shown".into()));
    match text("hint") {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn show(preview: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![
        String::new(),
        format!("  {}", text(&preview["statement"])),
        String::new(),
        format!("  The signature means  {}", text(&preview["meaning"])),
        format!(
            "  Version              {}, {}",
            text(&preview["version_label"]),
            text(&preview["version_words"])
        ),
        format!("  Stage                {}", text(&preview["stage"])),
    ];
    for blocker in preview["blockers"].as_array().into_iter().flatten() {
        lines.push(format!("  Open blocker         {}", text(blocker)));
    }
    for item in preview["checklist"].as_array().into_iter().flatten() {
        let answer = item["answer"].as_str().unwrap_or("not answered");
        lines.push(format!("  {}  {answer}", text(&item["text"])));
    }
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut err = std::io::stderr();
    for line in lines {
        // The terminal may be closed; then nobody consents.
        let _closed = writeln!(err, "{}", line.chars().map(clean).collect::<String>());
    }
}

fn consent() -> Result<(), Failure> {
    let _closed = write!(std::io::stderr(), "\nSign this? Type yes: ");
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(|e| Failure::user(format!("nobody answered: {e}")))?;
    match typed.trim().to_lowercase().as_str() {
        "yes" | "y" => Ok(()),
        _ => Err(Failure::user("nothing was signed")),
    }
}

/// The beginning of a hash as words that two people can compare by voice: two words for each two bytes.
pub fn words_of(hash: &[u8; 32]) -> String {
    const FIRST: [&str; 16] = [
        "amber", "brave", "calm", "dusty", "early", "fresh", "green", "hollow", "ivory", "jolly", "kind",
        "loud", "misty", "noble", "open", "proud",
    ];
    const SECOND: [&str; 16] = [
        "acorn", "bridge", "candle", "daisy", "engine", "feather", "garden", "harbour", "island", "jacket",
        "kettle", "lantern", "meadow", "needle", "orchard", "pepper",
    ];
    let word = |byte: &u8| {
        let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
        format!("{} {}", FIRST[high], SECOND[low])
    };
    hash[..3].iter().map(word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{FRESH_MS, Presence, words_of};
    use proofroom_ident::{Millis, SigningSecret};

    #[test]
    fn a_presence_serves_one_command_for_a_while_on_one_device() {
        let secret = SigningSecret::from_seed(&[3; 32]);
        let presence = Presence::sign("decide Hero approved", Millis(1_000_000), 2, &secret);
        let again: Presence = presence.to_string().parse().expect("it was printed here");
        assert_eq!(again, presence);
        let check = |command: &str, seed: u8, now: u64| {
            let device = SigningSecret::from_seed(&[seed; 32]).public();
            again.verify(command, device, Millis(now)).is_ok()
        };
        assert!(check("decide Hero approved", 3, 1_000_000 + FRESH_MS));
        assert!(!check("decide Hero rejected", 3, 1_000_000));
        assert!(!check("decide Hero approved", 4, 1_000_000));
        assert!(!check("decide Hero approved", 3, 1_000_001 + FRESH_MS));
        let verified = again.verify("decide Hero approved", secret.public(), Millis(1_000_000));
        assert_eq!(verified.map(|v| v.failed_attempts).ok(), Some(2));
    }

    #[test]
    fn hashes_that_differ_early_sound_different() {
        let (mut one, mut other) = ([0; 32], [0; 32]);
        other[2] = 1;
        assert_ne!(words_of(&one), words_of(&other));
        one[31] = 1;
        assert_eq!(words_of(&one).split(", ").count(), 3);
    }
}
