//! XMP sidecars: what a DAM or CMS reads beside a file that was handed off.
//!
//! One packet a file, `hero.jpg.xmp`, in RDF/XML (ISO 16684-1): the standard properties for title,
//! creator and version, and the approval under a namespace of its own.

use std::fmt::Write as _;

use jiff::Timestamp;
use proofroom_ident::Millis;

/// One approval, as printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub name: String,
    /// For whom.
    pub organisation: String,
    /// In which stage.
    pub stage: String,
    /// The decision.
    pub decision: String,
    /// When, as claimed.
    pub at: Millis,
    /// The entry that proves it.
    pub entry: String,
}

/// What a sidecar says about one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sidecar {
    /// The asset's name.
    pub title: String,
    /// Who made the version.
    pub creator: String,
    /// The file's type.
    pub media_type: String,
    /// The asset's id.
    pub asset: String,
    /// What people call the version.
    pub version_label: String,
    /// The version's hash.
    pub version: String,
    /// The hash of the file's bytes.
    pub content: String,
    /// The outcome of its review.
    pub outcome: String,
    /// The route that it took.
    pub route: String,
    /// Who released it.
    pub released_by: String,
    /// When.
    pub released_at: Millis,
    /// The approvals.
    pub approvals: Vec<Approval>,
}

const HEAD: &str = "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>
<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">
 <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">
  <rdf:Description rdf:about=\"\"
    xmlns:dc=\"http://purl.org/dc/elements/1.1/\"
    xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"
    xmlns:xmpMM=\"http://ns.adobe.com/xap/1.0/mm/\"
    xmlns:proofroom=\"urn:proofroom:xmp:1\">
";

const TAIL: &str = "  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end=\"r\"?>
";

impl Sidecar {
    /// The packet.
    pub fn to_xml(&self) -> String {
        let mut out = HEAD.to_owned();
        let title =
            format!("<rdf:Alt><rdf:li xml:lang=\"x-default\">{}</rdf:li></rdf:Alt>", text(&self.title));
        let creator = format!("<rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq>", text(&self.creator));
        let released = time(self.released_at);
        let plain = [
            ("dc:format", &self.media_type),
            ("xmp:MetadataDate", &released),
            ("proofroom:versionLabel", &self.version_label),
            ("proofroom:version", &self.version),
            ("proofroom:contentBlake3", &self.content),
            ("proofroom:outcome", &self.outcome),
            ("proofroom:route", &self.route),
            ("proofroom:releasedBy", &self.released_by),
            ("proofroom:releasedAt", &released),
        ];
        let mut property = |name: &str, value: &str| {
            // Writing to a string does not fail.
            let _infallible = writeln!(out, "   <{name}>{value}</{name}>");
        };
        property("dc:title", &title);
        property("dc:creator", &creator);
        property("xmpMM:DocumentID", &format!("urn:proofroom:asset:{}", text(&self.asset)));
        property("xmpMM:InstanceID", &format!("urn:proofroom:content:{}", text(&self.content)));
        for (name, value) in plain {
            property(name, &text(value));
        }
        out.push_str("   <proofroom:approvals>\n    <rdf:Seq>\n");
        for approval in &self.approvals {
            out.push_str(&approval.to_xml());
        }
        out.push_str("    </rdf:Seq>\n   </proofroom:approvals>\n");
        out.push_str(TAIL);
        out
    }
}

impl Approval {
    fn to_xml(&self) -> String {
        let fields = [
            ("name", &self.name),
            ("organisation", &self.organisation),
            ("stage", &self.stage),
            ("decision", &self.decision),
            ("claimedAt", &time(self.at)),
            ("entry", &self.entry),
        ];
        let fields = fields
            .map(|(name, value)| format!("      <proofroom:{name}>{}</proofroom:{name}>\n", text(value)));
        format!("     <rdf:li rdf:parseType=\"Resource\">\n{}     </rdf:li>\n", fields.concat())
    }
}

fn time(at: Millis) -> String {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).map_or_else(|_| at.0.to_string(), |t| t.to_string())
}

/// Text as XML carries it; characters that XML has no form for are left out.
fn text(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Approval, Sidecar};
    use proofroom_ident::Millis;

    #[test]
    fn what_people_wrote_cannot_break_out_of_the_packet() {
        let approval = Approval {
            name: "Bo </rdf:li><evil/>".into(),
            organisation: "Ek & Co".into(),
            stage: "legal".into(),
            decision: "approved".into(),
            at: Millis(1_767_225_600_000),
            entry: "00".into(),
        };
        let sidecar =
            Sidecar { title: "Hero \"<x>\"\u{1}".into(), approvals: vec![approval], ..Sidecar::default() };
        let xml = sidecar.to_xml();
        assert!(!xml.contains("<evil") && !xml.contains("<x>"), "{xml}");
        assert!(xml.contains("Ek &amp; Co") && !xml.contains('\u{1}'), "{xml}");
        assert!(xml.contains("<proofroom:claimedAt>2026-01-01T00:00:00Z<"), "{xml}");
    }
}
