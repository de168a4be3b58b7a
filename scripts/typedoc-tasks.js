import { dirname, relative } from 'node:path';
import { Comment, CommentTag, Converter } from 'typedoc';

/** What a reader is at when he needs what a folder of `src` exports: the headings of the API reference. */
const tasks = {
  vision: 'Recognise',
  'vision/augment': 'Train and evaluate',
  pretrained: 'Recognise',
  models: 'Build networks',
  weights: 'Load and save weights',
  scaling: 'Scale and count',
  graph: 'Scale and count',
  training: 'Train and evaluate',
  explain: 'Explain',
  robustness: 'Judge and calibrate',
  core: 'Extend',
  layers: 'Extend',
  blocks: 'Extend',
  backends: 'Choose a backend',
};

/** A plugin of TypeDoc: puts what is exported under the task of its folder. A folder without a task is a warning. */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    if (!reflection.parent?.isProject() && !reflection.parent?.parent?.isProject()) return;
    const file = context.getSymbolFromReflection(reflection)?.declarations?.[0]?.getSourceFile().fileName;
    if (file === undefined) return;
    const folders = dirname(relative('src', file)).split('/');
    if (folders[0] === '.') return; // An entry point itself.
    const task = tasks[folders.slice(0, 2).join('/')] ?? tasks[folders[0]];
    if (!task) app.logger.warn(`scripts/typedoc-tasks.js has no task for src/${folders[0]}.`);
    reflection.comment ??= new Comment();
    reflection.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: task ?? 'Other' }]));
  });
}
