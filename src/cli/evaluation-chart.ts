import type { EChartsOption } from 'echarts';
import type { Evaluation } from '../index.js';
import { MOST_COUNTED, percent } from './format-evaluation.js';

/** Side of the heat map, and of its margin for the names of the classes, in pixels. */
const SIDE = 640;
const MARGIN = 110;

const DARK = '#08306b';

/** Side of the reliability diagram. */
const SMALL_SIDE = 360;

/**
 * Two charts side by side: the confusion matrix as a heat map, a row a class, as shares of the class's images; and the
 * reliability diagram, the share of right answers by the probability of the likeliest class.
 */
export function evaluationChart(
  evaluation: Evaluation,
  classes: readonly string[],
): { option: EChartsOption; size: { width: number; height: number } } {
  const { confusion, calibration, top1, calibrationError } = evaluation;
  const second = MARGIN + SIDE + MARGIN;
  const names = [...classes];
  const middle = { nameLocation: 'middle' } as const;
  const category = { type: 'category', data: names, axisLine: { show: false }, ...middle } as const;
  const share = { type: 'value', min: 0, max: 1, gridIndex: 1, ...middle } as const;
  const option: EChartsOption = {
    title: [
      { text: 'Confusion matrix', subtext: `top-1 ${percent(top1)}`, left: MARGIN, top: 10 },
      {
        text: 'Reliability',
        subtext: `calibration error ${percent(calibrationError)}`,
        left: second,
        top: 10,
      },
    ],
    grid: [
      { left: MARGIN, top: 70, width: SIDE, height: SIDE },
      { left: second, top: 70, width: SMALL_SIDE, height: SMALL_SIDE },
    ],
    xAxis: [
      {
        type: 'category',
        data: names,
        name: 'prediction',
        ...middle,
        nameGap: 80,
        axisLabel: { rotate: 45 },
      },
      { ...share, name: 'probability of the likeliest class', nameGap: 30 },
    ],
    yAxis: [
      { ...category, name: 'class', nameGap: 90, inverse: true },
      { ...share, name: 'share of right answers', nameGap: 40 },
    ],
    visualMap: { min: 0, max: 1, show: false, seriesIndex: 0, inRange: { color: ['#f5f9ff', DARK] } },
    series: [heatMap(confusion), reliabilityLine(calibration)],
  };
  return { option, size: { width: second + SMALL_SIDE + 40, height: 70 + SIDE + MARGIN } };
}

function heatMap(confusion: Evaluation['confusion']) {
  return {
    type: 'heatmap',
    data: cells(confusion),
    label: {
      show: confusion.length <= MOST_COUNTED,
      formatter: ({ data }) => String((data as Cell).count),
    },
  } satisfies EChartsOption['series'];
}

function reliabilityLine(calibration: Evaluation['calibration']) {
  return {
    type: 'line',
    ...{ xAxisIndex: 1, yAxisIndex: 1, symbolSize: 7, color: DARK },
    data: calibration
      .filter(({ images }) => images > 0)
      .map(({ confidence, accuracy }) => [confidence, accuracy]),
    markLine: {
      ...{ silent: true, symbol: 'none', lineStyle: { color: '#999' } },
      data: [[{ coord: [0, 0] }, { coord: [1, 1] }]],
    },
  } satisfies EChartsOption['series'];
}

interface Cell {
  /** Column, row, and the share of the row's images. */
  readonly value: [number, number, number];
  readonly count: number;
  readonly label: { readonly color: string };
}

/** The cells of the confusion matrix that are not zero. */
function cells(confusion: Evaluation['confusion']): Cell[] {
  return confusion.flatMap((row, label) => {
    const images = row.reduce((sum, count) => sum + count, 0);
    return row.flatMap((count, prediction): Cell[] => {
      const share = count / images;
      const color = share > 0.4 ? '#fff' : '#000';
      return count > 0 ? [{ value: [prediction, label, share], count, label: { color } }] : [];
    });
  });
}
