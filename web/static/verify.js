(async () => {
  const bytes = Uint8Array.from(atob(MODULE), (c) => c.charCodeAt(0));
  await wasm_bindgen({ module_or_path: bytes });
  const at = (id) => document.getElementById(id);
  const [certificate, handed, result, drop] = ['certificate', 'handed', 'result', 'drop'].map(at);
  let checked = null;
  const read = async (file) => new Uint8Array(await file.arrayBuffer());
  const look = async (file) => {
    result.textContent = 'Checking…';
    await new Promise((done) => setTimeout(done));
    checked = new wasm_bindgen.Checked(await read(file));
    result.innerHTML = checked.html;
    result.dataset.holds = String(checked.holds);
    at('compared').replaceChildren();
    at('compare').hidden = false;
  };
  certificate.addEventListener('change', () => certificate.files[0] && look(certificate.files[0]));
  handed.addEventListener('change', async () => {
    for (const file of handed.files) {
      const line = document.createElement('li');
      const good = checked.certifies(await read(file));
      line.className = good ? 'compared good' : 'compared bad';
      line.textContent = `${file.name} ${good ? 'is a certified file, byte for byte' : 'is NO certified file'}`;
      at('compared').append(line);
    }
  });
  drop.addEventListener('dragover', (event) => { event.preventDefault(); drop.classList.add('over'); });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    const [file] = event.dataTransfer.files;
    if (file) look(file);
  });
  certificate.disabled = false;
})();
