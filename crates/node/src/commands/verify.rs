//! `verify`: whether a certificate proves what it claims. Needs nothing but the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use proofroom_certificate::{ARCHIVE_BYTES_MAX, Archive, Subject};
use proofroom_ident::{ContentHash, SignerKey};
use proofroom_stamp::certificates;
use proofroom_verify::{Believed, Record, State, Verdict, verify_bytes, verify_trusting};
use serde_json::json;

use crate::failure::Failure;
use crate::report::{Cell, Report, Tone};

/// `proofroom verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom verify hero.certificate.zip
  proofroom verify hero.certificate.zip --file hero.jpg    is this the file that was approved?
  proofroom verify hero-v2                                 a folder that a certificate was unpacked to
  proofroom verify hero.certificate.zip --authority ca.pem -v    whose time stamps you believe
  proofroom verify hero.certificate.zip --relay KEY -v           a relay whose clock you believe

Nothing is believed: signatures, membership, route and outcome are computed again from the signed entries. No
network, workspace or key is needed. The exit code is 0 only if everything in the table holds and the outcome
approves; 5 otherwise.

JSON: {\"holds\", \"rows\": [{\"check\", \"title\", \"state\", \"found\", \"details\"}], \"files\": [{\"path\", \"content\", \"certified\"}],
\"record\"}; state is holds, fails or not_reached")]
pub struct Verify {
    /// The certificate: a file, or a folder
    path: PathBuf,
    /// A file to compare with the certified version's; may be given several times
    #[arg(long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The certificate of an authority for time that you believe, as PEM or DER; may be given several times
    #[arg(long = "authority", value_name = "FILE")]
    authorities: Vec<PathBuf>,
    /// The key of a relay whose clock you believe, as its operator tells it; may be given several times
    #[arg(long = "relay", value_name = "KEY")]
    relays: Vec<SignerKey>,
    /// Print every detail of every check
    #[arg(long, short)]
    verbose: bool,
}

/// Verifies.
///
/// # Errors
/// When something cannot be read; what does not hold is in the report, which then fails.
pub fn run(args: &Verify) -> Result<Report, Failure> {
    let believed = Believed { authorities: authorities(&args.authorities)?, relays: args.relays.clone() };
    let verdict = if args.path.is_dir() {
        folder(&args.path, &believed)?
    } else {
        let bytes = read(&args.path)?;
        match Archive::decode(&bytes) {
            Ok(archive) => verify_trusting(&archive, &believed),
            Err(_) => verify_bytes(&bytes),
        }
    };
    let compared = compare(args, &verdict)?;
    let strangers = compared.iter().filter(|c| !c.certified).count();
    let files: Vec<_> = compared
        .iter()
        .map(|c| json!({"path": c.path, "content": c.content, "certified": c.certified}))
        .collect();
    let holds = verdict.holds && strangers == 0;
    let json = json!({"holds": holds, "rows": verdict.rows, "files": files, "record": verdict.record});
    let mut report = Report::new(json).essential();
    if let Some(record) = &verdict.record {
        report = people(report, record);
    }
    report = table(report, &verdict);
    report = details(report, &verdict, args.verbose);
    for c in &compared {
        let (what, tone) = if c.certified {
            ("is a certified file", Tone::Good)
        } else {
            ("is NO certified file", Tone::Bad)
        };
        report = report.toned(format!("{} {what} ({})", c.path.display(), c.content.short()), tone);
    }
    if let Some(record) = &verdict.record {
        report = report.toned("What this does not prove:", Tone::Strong);
        report = record.not_proved.iter().fold(report, |report, point| report.line(format!("- {point}")));
    }
    Ok(match holds {
        true => report.toned("Everything holds.", Tone::Good),
        false => {
            let failed = verdict.rows.iter().filter(|r| r.state == State::Fails).map(|r| r.title);
            let failed = failed.chain((strangers > 0).then_some("the files that were compared"));
            let failed = failed.collect::<Vec<_>>().join("; ");
            report.failing(
                Failure::verify(format!("the certificate does not hold: {failed}"))
                    .hint("do not rely on it; ask whoever sent it for another, and compare"),
            )
        }
    })
}

/// The certificates in files, as DER.
fn authorities(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut out = Vec::new();
    for path in files {
        let said = |e| Failure::user(format!("{}: {e}", path.display()));
        out.append(&mut certificates(&read(path)?).map_err(said)?);
    }
    Ok(out)
}

/// What was certified, in a few words.
pub fn shown(record: &Record) -> String {
    match &record.subject {
        Subject::Version { asset, version } => {
            let asset = record.assets.iter().find(|a| a.asset == *asset);
            let label = asset
                .and_then(|a| a.versions.iter().find(|v| v.version == *version))
                .map(|v| v.label.clone());
            let name = asset.map(|a| a.name.clone()).unwrap_or_default();
            format!("{name}, {}", label.unwrap_or_else(|| version.short()))
        }
        Subject::Package { package } => format!("package {}", package.name),
    }
}

fn people(report: Report, record: &Record) -> Report {
    let outcome = record.outcome;
    let tone = if outcome.approves() { Tone::Good } else { Tone::Bad };
    let mut rows = Vec::new();
    for decision in record.assets.iter().flat_map(|a| &a.decisions).filter(|d| d.counts) {
        let s = &decision.statement;
        rows.push(vec![
            Cell::new(&s.signer.printed_name, Tone::Strong),
            Cell::from(&s.signer.organisation),
            Cell::from(s.decision),
            Cell::from(s.meaning),
            Cell::from(crate::when::shown(s.claimed_at)),
            Cell::from(decision.person.short()),
        ]);
    }
    let maker = &record.maker;
    report
        .fields([
            ("certified", Cell::new(shown(record), Tone::Strong)),
            ("outcome", Cell::new(outcome, tone)),
            ("made by", Cell::from(format!("{}, {}", maker.printed_name, maker.organisation))),
        ])
        .table(
            &["SIGNED BY", "ORGANISATION", "DECISION", "MEANING", "CLAIMED AT", "KEY"],
            rows,
            "No decision counts",
        )
}

/// The verifier's table.
pub fn table(report: Report, verdict: &Verdict) -> Report {
    let rows = verdict.rows.iter().map(|row| {
        let (state, tone) = match row.state {
            State::Holds => ("holds", Tone::Good),
            State::Fails => ("FAILS", Tone::Bad),
            State::NotReached => ("not looked at", Tone::Warn),
        };
        vec![Cell::new(state, tone), Cell::from(row.title), Cell::from(&row.found)]
    });
    report.table(&["RESULT", "CHECK", "FOUND"], rows.collect(), "")
}

fn details(mut report: Report, verdict: &Verdict, all: bool) -> Report {
    for row in verdict.rows.iter().filter(|row| all || row.state == State::Fails) {
        for detail in &row.details {
            let tone = if row.state == State::Fails { Tone::Bad } else { Tone::Faint };
            report = report.toned(format!("{}: {detail}", row.title), tone);
        }
    }
    report
}

struct Compared {
    path: PathBuf,
    content: ContentHash,
    certified: bool,
}

fn compare(args: &Verify, verdict: &Verdict) -> Result<Vec<Compared>, Failure> {
    let record = verdict.record.as_ref();
    let assets = record.into_iter().flat_map(|r| &r.assets);
    let certified = assets.flat_map(|a| a.versions.iter().filter(|v| Some(v.version) == a.certified));
    let contents: Vec<ContentHash> =
        certified.flat_map(|v| v.manifest.files.iter().map(|f| f.content)).collect();
    let mut out = Vec::new();
    for path in &args.files {
        let file = std::fs::File::open(path).map_err(unreadable(path))?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file).map_err(unreadable(path))?;
        let content = ContentHash::from_bytes(*hasher.finalize().as_bytes());
        out.push(Compared { path: path.clone(), content, certified: contents.contains(&content) });
    }
    Ok(out)
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |e| Failure::user(format!("cannot read {path}: {e}"))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = std::fs::metadata(path).map_err(unreadable(path))?.len();
    if bytes > ARCHIVE_BYTES_MAX as u64 {
        return Err(Failure::user(format!(
            "{} has {bytes} bytes: no certificate is as large",
            path.display()
        )));
    }
    std::fs::read(path).map_err(unreadable(path))
}

fn folder(path: &Path, believed: &Believed) -> Result<Verdict, Failure> {
    let mut members: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut folders = vec![(path.to_owned(), String::new())];
    let mut bytes = 0;
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(unreadable(&folder))? {
            let entry = entry.map_err(unreadable(&folder))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push((entry.path(), format!("{name}/")));
                continue;
            }
            let content = read(&entry.path())?;
            bytes += content.len();
            if bytes > ARCHIVE_BYTES_MAX {
                return Err(Failure::user(format!("{} holds more than a certificate can", path.display())));
            }
            members.insert(name, content);
        }
    }
    let mut archive = Archive::default();
    for (name, content) in &members {
        archive.add(name, content).map_err(|e| Failure::verify(e.to_string()))?;
    }
    Ok(verify_trusting(&archive, believed))
}
