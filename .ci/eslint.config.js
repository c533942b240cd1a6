const js = require("@eslint/js");

module.exports = [
  js.configs.recommended,
  {
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: "module",
      globals: Object.fromEntries(
        [
          ...["window", "document", "history", "location", "addEventListener", "setTimeout"],
          ...["Blob", "Response", "DecompressionStream", "TextDecoder", "Image", "URL", "XMLSerializer", "atob"],
          ...["Element", "HTMLElement", "HTMLSelectElement", "HTMLInputElement", "ResizeObserver", "matchMedia", "performance"],
        ].map((name) => [name, "readonly"]),
      ),
    },
    rules: {
      complexity: ["error", 20],
      eqeqeq: "error",
      "max-lines": ["error", 400],
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({ property })),
      ],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
];
