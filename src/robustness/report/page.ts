import { markup } from '../../core/markup.js';
import type { ReportFacts } from './facts.js';
import { gallerySections } from './gallery-sections.js';
import { classTable, confusionSection } from './class-sections.js';
import { calibrationSection, setsSection } from './probability-sections.js';
import type { Section } from './section.js';
import { harmSections } from './harm-sections.js';
import { style } from './style.js';
import { summary } from './summary-section.js';

/** The page forbids itself any request, so that whatever a name might bring in stays dead. */
const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** A report as one page of HTML, which asks for nothing from anywhere. */
export async function reportPage(facts: ReportFacts): Promise<string> {
  const sections: Section[] = [
    classTable(facts),
    confusionSection(facts),
    calibrationSection(facts),
    ...setsSection(facts),
    ...harmSections(facts),
    ...(await gallerySections(facts)),
  ];
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${facts.title}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${facts.title}</h1>
${summary(facts)}
<nav>${sections.map(({ id, heading }) => markup`<a href="#${id}">${heading}</a>`)}</nav>
</header>
<main>
${sections.map(
  ({ id, heading, content }) => markup`<section id="${id}"><h2>${heading}</h2>
${content}</section>
`,
)}
</main>
</body>
</html>
`.text;
}
