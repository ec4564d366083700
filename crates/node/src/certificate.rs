//! Making a certificate: what this device holds, as the verifier finds it, signed by its person.

use proofroom_certificate::{Archive, Attachment, CERTIFICATE_NAME, Draft};
use proofroom_verify::{Record, Verdict, verify};

use crate::commands::verify::shown;
use crate::failure::Failure;
use crate::peer::Seat;

/// A member of the archive: its name and its bytes.
pub type Member = (String, Vec<u8>);

/// A certificate that is not written yet.
pub struct Made {
    /// Its members, in order of their names.
    pub members: Vec<Member>,
    /// What a verifier says of it.
    pub verdict: Verdict,
    /// What a verifier recomputes from it.
    pub record: Record,
}

/// Makes a certificate with reports beside it, and these files.
///
/// # Errors
/// When what is here proves nothing.
pub fn make(seat: &Seat<'_>, draft: &Draft, files: Vec<Member>) -> Result<Made, Failure> {
    let now = seat.step.now;
    let sign = |attachments| {
        let signed = seat.replica.sign_certificate(draft, attachments, now);
        signed.map_err(|e| Failure::user(e.to_string()))
    };
    // What goes into the report is what the verifier finds, never what this replica believes.
    let bare = sign(Vec::new())?;
    let verdict = verify(&archive([(CERTIFICATE_NAME, bare.as_slice())])?);
    let record = verdict.record.clone();
    let record =
        record.ok_or_else(|| Failure::verify("what this machine holds does not make a certificate"))?;
    let mut members = papers(&verdict, &record)?;
    members.extend(files);
    members.sort_by(|a, b| a.0.cmp(&b.0));
    let attachments = members.iter().map(|(name, bytes)| Attachment::of(name, bytes)).collect();
    members.push((CERTIFICATE_NAME.to_owned(), sign(attachments)?));
    members.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Made { members, verdict, record })
}

/// The members as one file.
///
/// # Errors
/// When a name is none that an archive takes, or it would be too large.
pub fn packed(members: &[Member]) -> Result<Vec<u8>, Failure> {
    let archive = archive(members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))?;
    archive.to_bytes().map_err(|e| Failure::user(e.to_string()))
}

fn archive<'a>(members: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Archive<'a>, Failure> {
    let mut archive = Archive::default();
    for (name, bytes) in members {
        archive.add(name, bytes).map_err(|e| Failure::user(e.to_string()))?;
    }
    Ok(archive)
}

/// The documents for people and programs.
fn papers(verdict: &Verdict, record: &Record) -> Result<Vec<Member>, Failure> {
    let blocks = proofroom_paper::layout(verdict);
    let title = format!("Certificate: {}", shown(record));
    let pdf = proofroom_pdf::pdf(&title, &blocks, record.maker.made_at);
    let json = serde_json::to_vec_pretty(record).map_err(|e| Failure::store(e.to_string()))?;
    Ok(vec![
        ("VERIFY.md".to_owned(), proofroom_paper::VERIFY_MD.as_bytes().to_vec()),
        ("record.json".to_owned(), json),
        ("report.html".to_owned(), proofroom_paper::html(&title, &blocks).into_bytes()),
        ("report.pdf".to_owned(), pdf.map_err(|e| Failure::store(e.to_string()))?),
    ])
}
