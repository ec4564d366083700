//! A design file: its layers, and the picture that all of them make together.

use serde::{Deserialize, Serialize};

use crate::picture::{Picture, ReadError};
use crate::psd::{self, Cursor, Mode, Record, Section, Sections};

/// Most pixels of one layer that are looked at.
const LAYER_PIXELS_MAX: u64 = 64_000_000;

/// Channels of a layer that are looked at: four colours and transparency.
const CHANNELS_MAX: usize = 5;
/// How deep groups lie in each other, at most.
const GROUPS_MAX: usize = 10;

/// What a PSD says of itself. The pixels stay in the file's bytes, which its methods ask for again.
#[derive(Clone, Debug)]
pub struct Design {
    sections: Sections,
    layers: Vec<Layer>,
}

/// One layer, or one group of layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its id, which stays when it is renamed or moved.
    pub id: Option<u32>,
    /// Its name.
    pub name: String,
    /// The groups that it is in, outermost first.
    pub groups: Vec<String>,
    /// Whether it is a group.
    pub group: bool,
    /// Whether it is hidden by itself.
    pub hidden: bool,
    /// Opacity from 0 to 255.
    pub opacity: u8,
    /// How it is blended, in four letters.
    pub blend: String,
    /// Left, top, right, bottom, in pixels of the whole; a layer may lie outside.
    pub edges: [i32; 4],
    #[serde(skip)]
    channels: Vec<(i16, std::ops::Range<usize>)>,
}

/// The pixels of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerPixels {
    /// Width and height.
    pub size: (u32, u32),
    /// The values of each channel, rows from the top: 0 and up are colours, -1 is transparency.
    pub planes: Vec<(i16, Vec<u8>)>,
}

impl Design {
    /// Reads what a PSD says of itself.
    ///
    /// # Errors
    /// When it is no PSD, too large, or damaged.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        let sections = psd::sections(bytes)?;
        let records = psd::records(bytes, sections.layers.clone(), &sections.header)?;
        Ok(Self { sections, layers: nested(records) })
    }

    /// Width and height.
    pub fn size(&self) -> (u32, u32) {
        (self.sections.header.width, self.sections.header.height)
    }

    /// The name of its colour mode.
    pub fn mode(&self) -> &'static str {
        match self.sections.header.mode {
            Mode::Gray => "Gray",
            Mode::Indexed => "Indexed",
            Mode::Rgb => "Rgb",
            Mode::Cmyk => "Cmyk",
            Mode::Other(0) => "Bitmap",
            Mode::Other(9) => "Lab",
            Mode::Other(_) => "Multichannel",
        }
    }

    /// Bits of each channel.
    pub fn depth(&self) -> u16 {
        self.sections.header.depth
    }

    /// All layers and groups, from the top down; groups before what is in them.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The picture of all layers together, as the program that wrote it drew it.
    ///
    /// # Errors
    /// When it is damaged, or of a colour mode that is not read.
    pub fn flat(&self, bytes: &[u8]) -> Result<Picture, ReadError> {
        let header = &self.sections.header;
        let count = match header.mode {
            Mode::Gray | Mode::Indexed => 1,
            Mode::Rgb => 3,
            Mode::Cmyk => 4,
            Mode::Other(_) => {
                return Err(ReadError::Damaged(format!("pictures in {} are not read", self.mode())));
            }
        };
        let mut at = Cursor::new(bytes, self.sections.composite..bytes.len());
        let planes = psd::planes(&mut at, count, header)?;
        let palette = bytes.get(self.sections.palette.clone()).filter(|p| p.len() >= 768);
        let colour = |i: usize| -> Option<[u8; 3]> {
            let value = |plane: usize| planes.get(plane).and_then(|p| p.get(i)).copied();
            Some(match header.mode {
                Mode::Indexed => {
                    let entry = usize::from(value(0)?);
                    [palette?[entry], palette?[256 + entry], palette?[512 + entry]]
                }
                Mode::Rgb => [value(0)?, value(1)?, value(2)?],
                // Inks are written the other way round: 255 is none.
                Mode::Cmyk => {
                    let black = value(3)?;
                    [mixed(value(0)?, black), mixed(value(1)?, black), mixed(value(2)?, black)]
                }
                _ => [value(0)?; 3],
            })
        };
        let pixels = planes.first().map_or(0, Vec::len);
        let rgba: Option<Vec<[u8; 4]>> =
            (0..pixels).map(|i| colour(i).map(|[r, g, b]| [r, g, b, u8::MAX])).collect();
        let rgba = rgba.ok_or_else(|| ReadError::Damaged("the palette is missing".into()))?;
        Picture::of_rgba(header.width, header.height, rgba.into_flattened()).ok_or_else(psd::cut_short)
    }

    /// The pixels of a layer; `None` where it has none, too many, or they cannot be read.
    pub fn pixels(&self, bytes: &[u8], layer: &Layer) -> Option<LayerPixels> {
        let size = layer.size().filter(|(w, h)| u64::from(*w) * u64::from(*h) <= LAYER_PIXELS_MAX)?;
        // Masks (-2 and below) have edges of their own.
        let visible = layer.channels.iter().filter(|(id, _)| *id >= -1).take(CHANNELS_MAX);
        let planes = visible.map(|(id, range)| {
            let mut at = Cursor::new(bytes, range.clone());
            Some((*id, psd::plane(&mut at, size, &self.sections.header).ok()?))
        });
        Some(LayerPixels { size, planes: planes.collect::<Option<_>>()? })
    }
}

impl Layer {
    /// Width and height; `None` where it covers nothing.
    pub fn size(&self) -> Option<(u32, u32)> {
        let [left, top, right, bottom] = self.edges;
        let side = |from: i32, to: i32| u32::try_from(i64::from(to) - i64::from(from)).ok();
        side(left, right).zip(side(top, bottom)).filter(|(w, h)| *w > 0 && *h > 0)
    }

    /// The names that lead to it, outermost first, its own last.
    pub fn path(&self) -> Vec<&str> {
        self.groups.iter().chain([&self.name]).map(String::as_str).collect()
    }

    /// Whether its pixels are written in the very same bytes.
    pub fn same_bytes(&self, here: &[u8], other: &Self, there: &[u8]) -> bool {
        let written = |channel: &(i16, std::ops::Range<usize>), other: &(i16, std::ops::Range<usize>)| {
            channel.0 == other.0 && here.get(channel.1.clone()) == there.get(other.1.clone())
        };
        self.channels.len() == other.channels.len()
            && self.channels.iter().zip(&other.channels).all(|(own, other)| written(own, other))
    }
}

fn mixed(ink: u8, black: u8) -> u8 {
    let product = u16::from(ink) * u16::from(black) / 255;
    u8::try_from(product).unwrap_or(u8::MAX)
}

/// From the records, bottom up, to layers in their groups, top down.
fn nested(records: Vec<Record>) -> Vec<Layer> {
    let mut groups: Vec<String> = Vec::new();
    let mut layers = Vec::new();
    for record in records.into_iter().rev() {
        if record.section == Section::GroupEnd {
            groups.pop();
            continue;
        }
        let group = record.section == Section::Group;
        let inside = group.then(|| record.name.clone());
        layers.push(Layer {
            id: record.id,
            name: record.name,
            groups: groups.clone(),
            group,
            hidden: record.hidden,
            opacity: record.opacity,
            blend: String::from_utf8_lossy(&record.blend).trim().to_owned(),
            edges: record.edges,
            channels: record.channels,
        });
        groups.extend(inside.filter(|_| groups.len() < GROUPS_MAX));
    }
    layers
}
