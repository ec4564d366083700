// PDF pages, drawn by pdf.js: nothing of a document is run, and nothing is fetched but the document.
import * as pdf from './{{PDF}}';

pdf.GlobalWorkerOptions.workerSrc = new URL('./{{PDFWORKER}}', import.meta.url).href;
/** How wide a page's picture is at most, in pixels. */
const SIDE_MAX = 4_096;

/** Opens a document; `pages` is how many it has. */
export async function open(url) {
  const document = await pdf.getDocument({
    url: new URL(url, location.href).href, enableXfa: false, disableAutoFetch: true, wasmUrl: new URL('./', import.meta.url).href, stopAtErrors: false, verbosity: 0,
  }).promise;
  return { pages: document.numPages, document };
}

/** The size of a page as it is shown, in points, and its turn. */
export async function size({ document }, index) {
  const page = await document.getPage(index + 1);
  const { width, height } = page.getViewport({ scale: 1 });
  return { width, height };
}

const drawing = new WeakMap();

/** Draws a page into a canvas, `scale` pixels to a point; a drawing that is under way is dropped. */
export async function draw({ document }, index, canvas, scale) {
  drawing.get(canvas)?.cancel();
  const page = await document.getPage(index + 1);
  const whole = page.getViewport({ scale: 1 });
  const viewport = page.getViewport({ scale: Math.min(scale, SIDE_MAX / Math.max(whole.width, whole.height)) });
  // Drawn out of sight, so that a page is never seen half done.
  const behind = globalThis.document.createElement('canvas');
  behind.width = Math.max(1, Math.floor(viewport.width));
  behind.height = Math.max(1, Math.floor(viewport.height));
  const task = page.render({ canvas: behind, viewport, annotationMode: pdf.AnnotationMode.ENABLE });
  drawing.set(canvas, task);
  try {
    await task.promise;
  } catch (error) {
    if (error instanceof pdf.RenderingCancelledException) return false;
    throw error;
  }
  canvas.width = behind.width;
  canvas.height = behind.height;
  canvas.getContext('2d').drawImage(behind, 0, 0);
  return true;
}

/** Lays the words of a page over it, one pixel of the style sheet to a point, to be selected. */
export async function words({ document }, index, container) {
  const page = await document.getPage(index + 1);
  container.replaceChildren();
  const viewport = page.getViewport({ scale: 1 });
  await new pdf.TextLayer({ textContentSource: page.streamTextContent(), container, viewport }).render();
}

/** All words of a document, page by page, of so many pages at most. */
export async function texts({ document }, most) {
  const out = [];
  for (let n = 1; n <= Math.min(most, document.numPages); n++) {
    const content = await (await document.getPage(n)).getTextContent();
    out.push(content.items.map((item) => item.str + (item.hasEOL ? '\n' : '')).join(''));
  }
  return out;
}
