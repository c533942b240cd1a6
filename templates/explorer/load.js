/** Opens the explorer's script, which stands deflated in the page, and runs it. */

async function load() {
  const packed = document.getElementById("explorer-script");
  const section = document.getElementById("explorer");
  if (!packed || !section) return;
  if (!("DecompressionStream" in window)) {
    const says = document.createElement("p");
    says.className = "alert";
    says.textContent =
      "The explorer needs a browser that knows DecompressionStream: one of 2023 or later. All else on this page is as it should be.";
    section.append(says);
    section.hidden = false;
    return;
  }
  const bytes = Uint8Array.from(atob((packed.textContent ?? "").trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const text = await new Response(stream).text();
  // The page's policy lets a single policy of this name be made, and knows the script by its hash.
  const trusted = /** @type {any} */ (window).trustedTypes?.createPolicy("explorer", {
    createScript: (/** @type {string} */ known) => known,
  });
  const script = document.createElement("script");
  script.type = "module";
  script.textContent = trusted ? trusted.createScript(text) : text;
  document.body.append(script);
}

void load();
