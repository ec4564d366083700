//! What ffmpeg makes of films and sound.

use std::time::Duration;

use proofroom_review::media::FRAME_MAP_MEDIA_TYPE;
use proofroom_review::{MediaType, Recipe, RenditionKind};

use super::bench::Bench;
use super::probe::{Probe, frame_map, probe};
use super::tool::{Input, Run, ToolError, version};
use super::{Bytes, NotMade, Outcome, Rendered, Source, Tell, waveform};

const THUMBNAIL_BYTES_MAX: usize = 8 << 20;
/// The proxy fits into this.
const PROXY_SIZE: (u32, u32) = (1_280, 720);

pub(super) fn make(source: &Source, kinds: &[RenditionKind], bench: &Bench, tell: Tell<'_>) -> Vec<Outcome> {
    let all = |why: NotMade| kinds.iter().map(|kind| (*kind, Err(why.clone()))).collect();
    let media = MediaType::of_mime(&source.file.media_type);
    let Some(input) = Input::new(&source.path, media) else {
        return all(NotMade::NotApplicable(format!("files of type {media} are not decoded")));
    };
    let (tool, probe) = match version().and_then(|tool| Ok((tool, probe(&input)?))) {
        Ok(found) => found,
        Err(error) => return all(error.into()),
    };
    let maker = Maker { input, probe, tool, bench };
    let mut out = Vec::new();
    for kind in kinds {
        tell(*kind, 0.0);
        out.push((*kind, maker.make(*kind, &mut |done| tell(*kind, done))));
    }
    out
}

struct Maker<'a> {
    input: Input<'a>,
    probe: Probe,
    tool: String,
    bench: &'a Bench,
}

impl Maker<'_> {
    fn make(&self, kind: RenditionKind, tell: &mut dyn FnMut(f64)) -> Result<Rendered, NotMade> {
        let without = |what: &str| Err(NotMade::NotApplicable(format!("it has no {what}")));
        match kind {
            RenditionKind::Waveform if !self.probe.sound => without("sound"),
            RenditionKind::Waveform => self.waveform(tell),
            _ if self.probe.picture.is_none() => without("pictures"),
            RenditionKind::Thumbnail => self.thumbnail(),
            RenditionKind::Proxy => self.proxy(tell),
            RenditionKind::FrameMap => self.frame_map(),
            other => Err(NotMade::NotApplicable(format!("a film has no {other}"))),
        }
    }

    /// Long work may take as long as it lasts six times over, and ten minutes at any rate.
    fn limit(&self) -> Duration {
        Duration::from_secs(600) + Duration::try_from_secs_f64(self.probe.seconds * 6.0).unwrap_or_default()
    }

    fn rendered(&self, bytes: Bytes, media_type: &str, settings: &str) -> Rendered {
        let recipe = Recipe { tool: self.tool.clone(), settings: settings.to_owned() };
        Rendered { bytes, media_type: media_type.to_owned(), size: None, recipe }
    }

    /// A frame from a tenth of its length on: the first one is often black.
    fn thumbnail(&self) -> Result<Rendered, NotMade> {
        let at = format!("{:.3}", (self.probe.seconds / 10.0).min(30.0));
        let scale = "scale=512:512:force_original_aspect_ratio=decrease";
        let args = [
            "-map",
            "0:V:0",
            "-frames:v",
            "1",
            "-vf",
            scale,
            "-c:v",
            "mjpeg",
            "-q:v",
            "3",
            "-f",
            "image2pipe",
            "pipe:1",
        ];
        let run = |seek: &str| {
            Run::ffmpeg(&self.input, &["-ss", seek], Duration::from_secs(120))
                .args(&args)
                .output(THUMBNAIL_BYTES_MAX)
        };
        let mut jpeg = run(&at)?;
        if jpeg.is_empty() {
            jpeg = run("0")?;
        }
        let size = proofroom_review::media::picture_size(&jpeg);
        let size = size.ok_or_else(|| NotMade::Failed("no frame could be decoded".into()))?;
        let made = self.rendered(
            Bytes::Held(jpeg),
            "image/jpeg",
            &format!("frame at {at} s, 512 pixels at most, JPEG"),
        );
        Ok(Rendered { size: Some(size), ..made })
    }

    /// Every frame a key frame, none left out or doubled.
    fn proxy(&self, tell: &mut dyn FnMut(f64)) -> Result<Rendered, NotMade> {
        let encoders = String::from_utf8_lossy(&Run::ask("-encoders").output(1 << 20)?).into_owned();
        if !encoders.contains(" libx264 ") {
            return Err(ToolError::Codec("libx264").into());
        }
        let path = self.bench.place("proxy.mp4");
        let (width, height) = PROXY_SIZE;
        let scale = format!(
            "scale='min({width},iw)':'min({height},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2"
        );
        let args = [
            "-map",
            "0:V:0",
            "-map",
            "0:a:0?",
            "-sn",
            "-dn",
            "-map_metadata",
            "-1",
            "-vsync",
            "passthrough",
            "-vf",
            &scale,
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "23",
            "-g",
            "1",
            "-bf",
            "0",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            "-b:a",
            "128k",
            "-ac",
            "2",
            "-movflags",
            "+faststart",
            "-progress",
            "pipe:1",
            "-y",
            "-f",
            "mp4",
        ];
        let run = Run::ffmpeg(&self.input, &[], self.limit()).args(&args).into_file(&path);
        let seconds = self.probe.seconds;
        run.read(|said| {
            if let Some(done) = progress(said).filter(|_| seconds > 0.0) {
                tell((done / seconds).clamp(0.0, 1.0));
            }
            true
        })?;
        let size = film_size(&path);
        let settings = format!("H.264, every frame a key frame, within {width}x{height}, AAC");
        Ok(Rendered { size, ..self.rendered(Bytes::At(path), "video/mp4", &settings) })
    }

    fn frame_map(&self) -> Result<Rendered, NotMade> {
        let none = || NotMade::NotApplicable("it has no pictures".into());
        let map = frame_map(&self.input, self.probe.picture.ok_or_else(none)?, self.limit())?;
        let settings = format!("{} frames, in the container's time stamps", map.frames());
        Ok(self.rendered(Bytes::Held(map.to_json()), FRAME_MAP_MEDIA_TYPE, &settings))
    }

    fn waveform(&self, tell: &mut dyn FnMut(f64)) -> Result<Rendered, NotMade> {
        let dat = waveform::of(&self.input, self.limit(), self.probe.seconds, tell)?;
        Ok(self.rendered(Bytes::Held(dat), waveform::MEDIA_TYPE, waveform::SETTINGS))
    }
}

/// How many seconds are done, from what `-progress` says.
fn progress(said: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(said).ok()?;
    let micros = text.lines().filter_map(|line| line.strip_prefix("out_time_us=")).next_back()?;
    micros.parse::<f64>().ok().map(|micros| micros / 1e6)
}

fn film_size(path: &std::path::Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len();
    let film = proofroom_review::media::film(bytes, |offset, length| {
        let mut piece = vec![0; length];
        file.read_exact_at(&mut piece, offset).ok().map(|()| piece)
    });
    film.map(|f| f.size)
}
