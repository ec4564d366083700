//! `device`: one person, several machines.
//!
//! Linking takes three steps, each a piece of text to carry:
//!
//! ```text
//! new machine   proofroom device link            -> request code
//! old machine   proofroom device link REQUEST    -> approval code      (writes the device into each workspace)
//! new machine   proofroom device link APPROVAL   -> linked, then sync
//! ```

use clap::{Args, Subcommand};
use proofroom_ident::{DeviceSecrets, KexSecret, SignerKey, SigningSecret, WorkspaceId};
use proofroom_replica::device_link::{Code, CodeError, LinkApproval, LinkRequest, Locator};
use proofroom_replica::{MemberView, Membership};
use proofroom_review::ProfileStatement;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Call;
use crate::failure::Failure;
use crate::home::{Home, HomeError};
use crate::identity::{Identity, Profile};
use crate::peer::Peer;
use crate::report::{Cell, Report, Tone};
use crate::when;
use crate::world;

const PENDING: &str = "pending.json";

/// `proofroom device`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Link a new machine to this person, in three steps
    Link(Link),
    /// List this person's devices
    #[command(after_help = "\
JSON: {\"person\", \"devices\": [{\"device\", \"this\", \"active\", \"claimed_at\", \"workspaces\"}]}")]
    List,
    /// Remove a device: what it wrote so far counts, nothing after it; the keys change
    #[command(after_help = "\
The invite links that it made or came by admit nobody any more: whoever has the device knows them.

JSON: {\"device\", \"entries\": [{\"workspace\", \"entry\", \"closed_invites\"}]}")]
    Remove {
        /// The device: the beginning of its id
        device: String,
    },
}

/// `proofroom device link`
#[derive(Debug, Args)]
#[command(after_help = "\
  1. new machine   proofroom device link             prints a request code
  2. old machine   proofroom device link REQUEST     prints an approval code; then proofroom sync
  3. new machine   proofroom device link APPROVAL    done; then proofroom sync

The codes hold no secrets. Compare the device id on both screens before you approve.

JSON of 1: {\"device\", \"request\"}
JSON of 2: {\"device\", \"approval\", \"workspaces\": [{\"workspace\", \"entry\"}]}
JSON of 3: {\"person\", \"device\", \"name\", \"organisation\", \"workspaces\": [id]}")]
pub struct Link {
    /// The code of the step before
    pub code: Option<String>,
}

impl From<CodeError> for Failure {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Unproved(_) => Failure::verify(error).hint("begin again: proofroom device link"),
            _ => Failure::user(error).hint("run `proofroom device link` on the new machine to begin"),
        }
    }
}

/// Runs a subcommand on a machine that has an identity.
///
/// # Errors
/// See each function.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    match command {
        Command::Link(Link { code: None }) => Err(Failure::user(
            "this machine has an identity already: it approves, it does not ask",
        )
        .hint("run `proofroom device link` on the new machine, and bring the code that it prints here")),
        Command::Link(Link { code: Some(code) }) => match code.parse()? {
            Code::Request(request) => approve(peer, &request),
            Code::Approval(_) => Err(Failure::user("this is an approval: it belongs on the new machine")),
        },
        Command::List => list(peer, call),
        Command::Remove { device } => remove(peer, &device),
    }
}

/// The keys of a device that waits to be linked.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Pending {
    version: u32,
    signing: String,
    kex: String,
    endpoint: String,
    claimed_at: u64,
}

impl Pending {
    fn of(secrets: &DeviceSecrets, claimed_at: u64) -> Self {
        let hex = |seed: Zeroizing<[u8; 32]>| data_encoding::HEXLOWER.encode(seed.as_ref());
        Self {
            version: 1,
            signing: hex(secrets.signing.seed()),
            kex: hex(secrets.kex.seed()),
            endpoint: hex(secrets.endpoint.seed()),
            claimed_at,
        }
    }

    fn read(home: &Home) -> Result<Option<(DeviceSecrets, u64)>, Failure> {
        let damaged = |reason: String| HomeError::Damaged { path: home.path(PENDING), reason };
        let Some(bytes) = home.read(PENDING)?.map(Zeroizing::new) else { return Ok(None) };
        let pending: Self = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
        let seed = |hex: &str| {
            let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).ok().map(Zeroizing::new);
            let seed = bytes.and_then(|b| <[u8; 32]>::try_from(b.as_slice()).ok()).map(Zeroizing::new);
            seed.ok_or_else(|| damaged("a key is not 64 hexadecimal digits".into()))
        };
        let (signing, kex, endpoint) =
            (seed(&pending.signing)?, seed(&pending.kex)?, seed(&pending.endpoint)?);
        let secrets = DeviceSecrets {
            signing: SigningSecret::from_seed(&signing),
            kex: KexSecret::from_seed(&kex),
            endpoint: SigningSecret::from_seed(&endpoint),
        };
        Ok(Some((secrets, pending.claimed_at)))
    }
}

/// The steps on a machine without an identity: ask, and finish.
///
/// # Errors
/// When the code is not an approval for this machine, or the home directory cannot be used.
pub fn link_here(args: &Link, home: &Home) -> Result<Report, Failure> {
    match &args.code {
        None => ask(home),
        Some(code) => match code.parse()? {
            Code::Approval(approval) => finish(home, &approval),
            Code::Request(_) => {
                Err(Failure::user("this is a request: it belongs on the machine that has the identity"))
            }
        },
    }
}

/// Step 1. Asking again gives the same code: the keys stay until they are linked.
fn ask(home: &Home) -> Result<Report, Failure> {
    home.create()?;
    let _lock = super::identity::own(home)?;
    let (secrets, claimed_at) = match Pending::read(home)? {
        Some(pending) => pending,
        None => {
            let secrets = DeviceSecrets::generate(&mut world::rng());
            let claimed_at = world::now().0;
            let pending = Pending::of(&secrets, claimed_at);
            let bytes = Zeroizing::new(serde_json::to_vec(&pending).map_err(Failure::store)?);
            home.write(PENDING, &bytes)?;
            (secrets, claimed_at)
        }
    };
    let request = LinkRequest::new(&secrets, proofroom_ident::Millis(claimed_at));
    let text = request.to_text();
    Ok(Report::new(json!({"device": request.device(), "request": text}))
        .line(format!(
            "This machine is device {}. On a machine of yours that has your identity, run:",
            request.device().short()
        ))
        .line("")
        .toned(format!("proofroom device link {text}"), Tone::Strong)
        .essential())
}

/// Step 2: vouches for the device, and lets it into every workspace.
fn approve(peer: &mut Peer, request: &LinkRequest) -> Result<Report, Failure> {
    let identity = peer.identity();
    let record = request.record_of(identity.person()).vouched_by(&identity.secrets.signing);
    let recovery = identity.recovery;
    let profile = ProfileStatement {
        printed_name: identity.profile.name.clone(),
        organisation: identity.profile.organisation.clone(),
        role_title: identity.profile.role_title.clone(),
    };
    let (mut workspaces, mut listed) = (Vec::new(), Vec::new());
    for workspace in peer.workspaces()? {
        let relay = peer.relay(workspace)?.unwrap_or_default();
        let mut seat = peer.seat(workspace)?;
        if !matches!(seat.replica.membership(), Membership::Member(_)) {
            continue;
        }
        let known = seat.replica.members(seat.step.store)?;
        let entry = match known.iter().flat_map(|m| &m.devices).any(|d| d.device == request.device()) {
            true => None,
            false => Some(seat.replica.add_device(&mut seat.step, record.clone(), recovery)?.entry),
        };
        listed.push(json!({"workspace": workspace, "entry": entry}));
        workspaces.push(Locator { workspace, relay });
    }
    let count = workspaces.len();
    let approval = LinkApproval { record, recovery, profile, workspaces };
    let text = approval.to_text();
    let json = json!({"device": request.device(), "approval": text, "workspaces": listed});
    Ok(Report::new(json)
        .line(format!(
            "Device {} is let into {count} workspaces. Now run `proofroom sync` here,",
            request.device().short()
        ))
        .line("and on the new machine:")
        .line("")
        .toned(format!("proofroom device link {text}"), Tone::Strong)
        .essential())
}

/// Step 3: the pending keys become this machine's identity.
fn finish(home: &Home, approval: &LinkApproval) -> Result<Report, Failure> {
    let Some((secrets, _)) = Pending::read(home)? else {
        return Err(Failure::user(format!("no request waits in {}", home.dir().display()))
            .hint("begin here: proofroom device link"));
    };
    approval.check(&secrets)?;
    let lock = super::identity::own(home)?;
    let ProfileStatement { printed_name, organisation, role_title } = &approval.profile;
    let identity = Identity {
        profile: Profile::new(printed_name, organisation, role_title.as_deref())?,
        device: approval.record.clone(),
        secrets,
        recovery: approval.recovery,
        phrase: None,
    };
    identity.save(home, None, &mut world::rng())?;
    let mut peer = Peer::open(home, lock, identity.clone())?;
    for locator in &approval.workspaces {
        peer.set_relay(locator.workspace, &locator.relay)?;
    }
    peer.close()?;
    home.remove(PENDING)?;
    let workspaces: Vec<WorkspaceId> = approval.workspaces.iter().map(|l| l.workspace).collect();
    let json = json!({
        "person": identity.person(),
        "device": identity.device.signing,
        "name": identity.profile.name,
        "organisation": identity.profile.organisation,
        "workspaces": workspaces,
    });
    Ok(Report::new(json)
        .toned(format!("This machine is a device of {} now", identity.profile.name), Tone::Good)
        .line(format!("Next: proofroom sync, which fetches {} workspaces", workspaces.len())))
}

/// This person's view of themselves in each workspace that has arrived.
fn myself(peer: &mut Peer) -> Result<Vec<(WorkspaceId, MemberView)>, Failure> {
    let mut all = Vec::new();
    for workspace in peer.workspaces()? {
        let seat = peer.seat(workspace)?;
        let me = seat.replica.members(seat.step.store)?.into_iter().find(|m| m.me);
        all.extend(me.map(|me| (workspace, me)));
    }
    Ok(all)
}

fn list(peer: &mut Peer, _call: &Call) -> Result<Report, Failure> {
    let this = peer.identity().device.signing;
    let claimed_at = peer.identity().device.claimed_at;
    let mut devices = std::collections::BTreeMap::from([(this, (true, claimed_at, 0_u32))]);
    for (_, me) in myself(peer)? {
        for d in &me.devices {
            let known = devices.entry(d.device).or_insert((false, d.claimed_at, 0));
            known.0 |= d.active;
            known.2 += u32::from(d.active);
        }
    }
    let row = |(device, (active, at, workspaces)): (&SignerKey, &(bool, proofroom_ident::Millis, u32))| {
        let state = match (*device == this, active) {
            (true, _) => Cell::new("this machine", Tone::Good),
            (false, true) => Cell::from("active"),
            (false, false) => Cell::new("removed", Tone::Bad),
        };
        vec![Cell::from(device.short()), state, Cell::from(when::shown(*at)), Cell::from(workspaces)]
    };
    let rows = devices.iter().map(row).collect();
    let listed: Vec<Value> = devices
        .iter()
        .map(|(device, (active, at, workspaces))| {
            json!({"device": device, "this": *device == this, "active": active, "claimed_at": at, "workspaces": workspaces})
        })
        .collect();
    Ok(Report::new(json!({"person": peer.identity().person(), "devices": listed})).table(
        &["ID", "STATE", "SINCE", "WORKSPACES"],
        rows,
        "",
    ))
}

fn remove(peer: &mut Peer, text: &str) -> Result<Report, Failure> {
    let text = text.trim().to_lowercase();
    let all = myself(peer)?;
    let mut found: Vec<SignerKey> = all
        .iter()
        .flat_map(|(_, me)| me.devices.iter().filter(|d| d.active).map(|d| d.device))
        .filter(|d| text.len() >= 4 && d.to_hex().starts_with(&text))
        .collect();
    found.sort_unstable();
    found.dedup();
    let device = match found.as_slice() {
        [one] => *one,
        [] => {
            return Err(
                Failure::user(format!("you have no active device `{text}`")).hint("proofroom device list")
            );
        }
        _ => {
            return Err(Failure::user(format!("`{text}` may mean several devices"))
                .hint("give more digits of the id"));
        }
    };
    if device == peer.identity().device.signing {
        return Err(Failure::user("this is the machine that you are at: remove it from another one"));
    }
    let (mut entries, mut closed) = (Vec::new(), Vec::new());
    for (workspace, me) in &all {
        if me.devices.iter().any(|d| d.device == device && d.active) {
            let mut seat = peer.seat(*workspace)?;
            let receipt = seat.replica.remove_device(&mut seat.step, device)?;
            let here = seat.replica.closed_by(receipt.entry, seat.step.now);
            entries.push(json!({"workspace": workspace, "entry": receipt.entry, "closed_invites": here}));
            closed.extend(here);
        }
    }
    let report = Report::new(json!({"device": device, "entries": entries}))
        .line(format!("Device {} is removed; sync so that others hear of it", device.short()));
    Ok(super::invite::tell_closed(report, &closed))
}

#[cfg(test)]
mod tests {
    use super::{Link, link_here};
    use crate::home::Home;
    use crate::identity::Identity;

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let home = Home::locate(Some(dir.path())).expect("a path was given");
        (dir, home)
    }

    fn request_of(home: &Home) -> String {
        let json = link_here(&Link { code: None }, home).expect("asked").to_json();
        json["request"].as_str().expect("a code").to_owned()
    }

    #[test]
    fn asking_twice_gives_the_same_code_and_no_identity() {
        let (_dir, home) = home();
        assert_eq!(request_of(&home), request_of(&home));
        assert!(!Identity::exists(&home).expect("readable"));
    }

    #[test]
    fn a_request_is_no_approval() {
        let (_dir, home) = home();
        let code = Some(request_of(&home));
        let refused = link_here(&Link { code }, &home).expect_err("the wrong machine");
        assert!(refused.what.contains("request"), "{refused}");
    }
}
