//! What the forger does. Some of it comes over her own connections, some on a stick
//! that an honest member imports.

use bytes::Bytes;
use proofroom_entry::{EntryKind, Signed, Verified};
use proofroom_ident::{Audience, DocId, LogClass, Millis};
use proofroom_store::Store as _;
use proofroom_sync::Message;

use crate::act::{Act, Verb};
use crate::cast::{MALLORY, START_MS};
use crate::conn::Parcel;
use crate::dice::{Dice, randomness};
use crate::forger::Workshop;
use crate::machine::Trouble;
use crate::mutate::{mutate_batch, mutate_bytes};
use crate::world::World;

/// Entries of one flood.
const FLOOD: usize = 120;

fn declined(text: &str) -> Trouble {
    Trouble::Declined(text.into())
}

/// One hostile act.
pub(crate) fn act(world: &mut World<'_>, act: &Act) -> Result<(), Trouble> {
    let n = act.n.unsigned_abs();
    let mut dice = Dice::new(world.scenario.seed, &format!("mallory {} {n} {}", act.verb.word(), world.now));
    let forged = match act.verb {
        Verb::Forges => vec![forge(world, &mut dice)?],
        Verb::Flips => vec![flip(world, &mut dice)?],
        Verb::Replays => return replay(world, &mut dice),
        Verb::Babbles => return babble(world, &mut dice),
        Verb::Equivocates => return equivocate(world, &mut dice),
        Verb::Backdates => backdate(world, &mut dice)?,
        Verb::Crafts => craft(world, &mut dice)?,
        Verb::Usurps => usurp(world, &mut dice)?,
        Verb::Floods => flood(world, &mut dice)?,
        _ => return Err(declined("not one of her acts")),
    };
    show(world, &mut dice, forged)
}

fn workshop(world: &World<'_>) -> Result<Workshop, Trouble> {
    let mallory = world.machines.get(&MALLORY).ok_or_else(|| declined("mallory is not here"))?;
    Workshop::open(mallory.disk.durable(), world.workspace, &mallory.me.secrets)
        .map_err(|e| Trouble::Fault(e.to_string()))
}

/// Everything that mallory holds.
fn hoard(world: &World<'_>) -> Result<Vec<Verified>, Trouble> {
    let mallory = world.machines.get(&MALLORY).ok_or_else(|| declined("mallory is not here"))?;
    let store = mallory.disk.durable();
    let mut out = Vec::new();
    for doc in store.docs(world.workspace).unwrap_or_default() {
        for tip in store.tips(world.workspace, doc.doc).unwrap_or_default() {
            out.extend(store.entries(world.workspace, doc.doc, tip.log, 1, usize::MAX).unwrap_or_default());
        }
    }
    if out.is_empty() { Err(declined("mallory holds nothing yet")) } else { Ok(out) }
}

/// Somebody's entry with other bytes in its header, the signature as it was.
fn forge(world: &World<'_>, dice: &mut Dice) -> Result<Bytes, Trouble> {
    let all = hoard(world)?;
    let mut bytes = dice.pick(&all).bytes().to_vec();
    let donor = dice.pick(&all).bytes().to_vec();
    let from = dice.index(proofroom_entry::SIGNED_BYTES);
    let to = (from + 1 + dice.index(40)).min(bytes.len()).min(donor.len());
    bytes[from..to].copy_from_slice(&donor[from..to]);
    Ok(bytes.into())
}

fn flip(world: &World<'_>, dice: &mut Dice) -> Result<Bytes, Trouble> {
    let all = hoard(world)?;
    let mut bytes = dice.pick(&all).bytes().to_vec();
    let at = dice.index(bytes.len());
    bytes[at] ^= 1 << dice.below(8);
    Ok(bytes.into())
}

/// Frames that somebody sent before, to whoever mallory is connected to.
fn replay(world: &mut World<'_>, dice: &mut Dice) -> Result<(), Trouble> {
    let conns = conns(world)?;
    for _ in 0..1 + dice.below(5) {
        if world.overheard.is_empty() {
            return Err(declined("nothing was sent yet"));
        }
        let frame = world.overheard[dice.index(world.overheard.len())].clone();
        world.report.forged += 1;
        let conn = *dice.pick(&conns);
        world.send(conn, true, Parcel::Frame(frame));
    }
    Ok(())
}

fn babble(world: &mut World<'_>, dice: &mut Dice) -> Result<(), Trouble> {
    let conns = conns(world)?;
    let conn = *dice.pick(&conns);
    let frame = match world.overheard.back() {
        Some(frame) if dice.chance(700) => mutate_bytes(dice, frame),
        _ => (0..dice.index(200)).map(|_| dice.byte()).collect(),
    };
    world.report.forged += 1;
    world.send(conn, true, Parcel::Frame(frame.into()));
    Ok(())
}

fn conns(world: &World<'_>) -> Result<Vec<u64>, Trouble> {
    let conns: Vec<u64> =
        world.conns.iter().filter(|(_, c)| c.client == MALLORY).map(|(id, _)| *id).collect();
    if conns.is_empty() { Err(declined("mallory is not connected")) } else { Ok(conns) }
}

/// A document that mallory may write to.
fn some_doc(world: &World<'_>, dice: &mut Dice) -> Result<DocId, Trouble> {
    let docs: Vec<DocId> =
        hoard(world)?.iter().map(|e| e.header().doc).filter(|doc| *doc != DocId::AUTHORITY).collect();
    if docs.is_empty() { Err(declined("no documents yet")) } else { Ok(*dice.pick(&docs)) }
}

/// An honest payload of the same document, where mallory can read one.
fn donor(
    world: &World<'_>,
    dice: &mut Dice,
    workshop: &Workshop,
    doc: DocId,
) -> Option<(EntryKind, Vec<u8>)> {
    let all: Vec<Verified> = hoard(world).ok()?.into_iter().filter(|e| e.header().doc == doc).collect();
    let entry = dice.pick(&all);
    Some((entry.header().kind, workshop.plain(entry)?))
}

fn equivocate(world: &mut World<'_>, dice: &mut Dice) -> Result<(), Trouble> {
    let workshop = workshop(world)?;
    let doc = some_doc(world, dice)?;
    let mut rng = randomness(dice.any(), "equivocation");
    let head = *workshop.authority.heads().first().ok_or_else(|| declined("no membership yet"))?;
    let now = Millis(START_MS + world.now);
    let mut one = workshop.begin(doc, LogClass::Changes, &mut rng);
    let (_, plain) = donor(world, dice, &workshop, doc).unwrap_or((EntryKind::Change, vec![1, 2, 3]));
    let mut written = Vec::new();
    for _ in 0..dice.below(3) {
        written.extend(workshop.append(&mut one, (EntryKind::Change, doc), &plain, (head, now), &mut rng));
    }
    let mut other = one.clone();
    let mut sides = Vec::new();
    for writer in [&mut one, &mut other] {
        let mut side = written.clone();
        for _ in 0..1 + dice.below(2) {
            side.extend(workshop.append(writer, (EntryKind::Change, doc), &plain, (head, now), &mut rng));
        }
        side.iter().for_each(|entry| world.ledger.signed(entry.hash()));
        sides.push(side);
    }
    for side in sides {
        show(world, dice, side.iter().map(|e| Bytes::copy_from_slice(e.bytes())).collect())?;
    }
    Ok(())
}

/// An entry that stands on the oldest membership that lets it, and says it is old.
fn backdate(world: &mut World<'_>, dice: &mut Dice) -> Result<Vec<Bytes>, Trouble> {
    let workshop = workshop(world)?;
    let doc = some_doc(world, dice)?;
    let mut rng = randomness(dice.any(), "backdating");
    let authority: Vec<Verified> =
        hoard(world)?.into_iter().filter(|e| e.header().doc == DocId::AUTHORITY).collect();
    let head = dice.pick(&authority).hash();
    let (kind, plain) =
        donor(world, dice, &workshop, doc).ok_or_else(|| declined("mallory reads nothing"))?;
    let mut writer = workshop.begin(doc, kind.class(), &mut rng);
    let entry = workshop.append(&mut writer, (kind, doc), &plain, (head, Millis(START_MS)), &mut rng);
    keep(world, entry.into_iter().collect())
}

/// Changes that no honest program writes.
fn craft(world: &mut World<'_>, dice: &mut Dice) -> Result<Vec<Bytes>, Trouble> {
    let workshop = workshop(world)?;
    let doc = some_doc(world, dice)?;
    let mut rng = randomness(dice.any(), "crafting");
    let head = *workshop.authority.heads().first().ok_or_else(|| declined("no membership yet"))?;
    let mut writers = LogClass::ALL.map(|class| workshop.begin(doc, class, &mut rng));
    let mut out = Vec::new();
    for _ in 0..1 + dice.below(3) {
        let (kind, plain) =
            donor(world, dice, &workshop, doc).ok_or_else(|| declined("mallory reads nothing"))?;
        let writer = &mut writers[kind.class() as usize];
        let plain = match kind {
            EntryKind::Change => mutate_batch(dice, &plain),
            _ => mutate_bytes(dice, &plain),
        };
        let now = Millis(START_MS + world.now);
        out.extend(workshop.append(writer, (kind, doc), &plain, (head, now), &mut rng));
    }
    keep(world, out)
}

/// A membership operation with mutated bytes.
fn usurp(world: &mut World<'_>, dice: &mut Dice) -> Result<Vec<Bytes>, Trouble> {
    let workshop = workshop(world)?;
    let mut rng = randomness(dice.any(), "usurping");
    let authority: Vec<Verified> =
        hoard(world)?.into_iter().filter(|e| e.header().doc == DocId::AUTHORITY).collect();
    let payload = dice.pick(&authority).payload().to_vec();
    let payload = if dice.chance(300) { payload } else { mutate_bytes(dice, &payload) };
    let head = dice.pick(&authority).header().auth_head;
    let mut writer = workshop.begin(DocId::AUTHORITY, LogClass::Authority, &mut rng);
    let entry = workshop.append_op(&mut writer, &payload, (head, Millis(START_MS + world.now)));
    keep(world, entry.into_iter().collect())
}

fn flood(world: &mut World<'_>, dice: &mut Dice) -> Result<Vec<Bytes>, Trouble> {
    let workshop = workshop(world)?;
    let doc = some_doc(world, dice)?;
    let mut rng = randomness(dice.any(), "flooding");
    let head = *workshop.authority.heads().first().ok_or_else(|| declined("no membership yet"))?;
    let mut writer = workshop.begin(doc, EntryKind::Receipt.class(), &mut rng);
    let now = Millis(START_MS + world.now);
    let all: Vec<Verified> = (0..FLOOD)
        .filter_map(|i| {
            let plain = [0xff, u8::try_from(i).unwrap_or(0)];
            workshop.append(&mut writer, (EntryKind::Receipt, doc), &plain, (head, now), &mut rng)
        })
        .collect();
    keep(world, all)
}

fn keep(world: &mut World<'_>, entries: Vec<Verified>) -> Result<Vec<Bytes>, Trouble> {
    entries.iter().for_each(|entry| world.ledger.signed(entry.hash()));
    if entries.is_empty() {
        return Err(declined("mallory has no key for it"));
    }
    Ok(entries.iter().map(|e| Bytes::copy_from_slice(e.bytes())).collect())
}

/// Over a connection of mallory's, or on a stick to an honest member.
fn show(world: &mut World<'_>, dice: &mut Dice, entries: Vec<Bytes>) -> Result<(), Trouble> {
    world.report.forged += entries.len() as u64;
    // A file that somebody imports may hold what they cannot read; over links it never comes.
    let offered: Vec<Signed> = entries.iter().filter_map(|b| Signed::decode(b.as_ref()).ok()).collect();
    let team = offered.iter().any(|e| e.claims().audience == Audience::Team);
    let honest: Vec<usize> = world
        .machines
        .iter()
        .filter(|(place, m)| **place < MALLORY && m.up && m.replica.is_some() && (m.team || !team))
        .map(|(place, _)| *place)
        .collect();
    let conns = conns(world).unwrap_or_default();
    if !conns.is_empty() && (honest.is_empty() || dice.chance(500)) {
        let conn = *dice.pick(&conns);
        let frame = Message::Entries(entries).encode();
        world.send(conn, true, Parcel::Frame(frame));
        return Ok(());
    }
    if honest.is_empty() {
        return Err(declined("nobody to show it to"));
    }
    let place = *dice.pick(&honest);
    stick(world, place, offered)
}

/// An honest member imports entries from a file.
fn stick(world: &mut World<'_>, place: usize, offered: Vec<Signed>) -> Result<(), Trouble> {
    let now = world.now;
    let Some(machine) = world.machines.get_mut(&place) else { return Ok(()) };
    let taken = machine.act(now, |r, s| {
        let ingested = r.ingest(s, offered)?;
        s.store.flush()?;
        Ok(ingested)
    });
    let ingested = match taken {
        Ok(ingested) => ingested,
        Err(Trouble::Died(text)) => {
            world.crash(crate::conn::Node::Machine(place), &text);
            return Ok(());
        }
        Err(trouble) => return Err(Trouble::Fault(format!("{trouble:?}"))),
    };
    world.look_at_disks();
    let fresh = world.machines.get_mut(&place).map(crate::machine::Machine::fresh).unwrap_or_default();
    world.tell(place, None, &ingested.stored);
    world.tell(place, None, &fresh);
    Ok(())
}
