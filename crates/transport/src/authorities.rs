//! Whom to believe that a relay is who it says: the web's authorities, and those of one's own.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::AuthorityError;

/// No file of authorities is larger.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Certificate authorities beside the web's; none unless named. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorities(Arc<Vec<CertificateDer<'static>>>);

impl Authorities {
    /// Those of a PEM file: an authority's certificate, or a relay's that vouches for itself.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no certificate that could be one.
    pub fn of_file(path: &Path) -> Result<Self, AuthorityError> {
        let error = |why: String| AuthorityError { path: path.to_path_buf(), why };
        let length = std::fs::metadata(path).map_err(|e| error(e.to_string()))?.len();
        if length > FILE_BYTES_MAX {
            return Err(error(format!("{length} bytes are too many")));
        }
        let pem = std::fs::read(path).map_err(|e| error(e.to_string()))?;
        let held: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let held = held.map_err(|e| error(e.to_string()))?;
        if held.is_empty() {
            return Err(error("it holds no PEM certificate".into()));
        }
        for certificate in &held {
            RootCertStore::empty().add(certificate.clone()).map_err(|e| error(e.to_string()))?;
        }
        Ok(Self(Arc::new(held)))
    }

    /// Each certificate as DER.
    pub fn as_der(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The web's authorities and these.
    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        // All were tried when they were read.
        roots.add_parsable_certificates(self.0.iter().cloned());
        roots
    }
}
