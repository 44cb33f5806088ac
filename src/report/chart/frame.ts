/**
 * The frame of a chart: an SVG with a title and a description for those who cannot see it, its axes and its grid.
 *
 * Measured for a phone: 360 units wide, letters of 11; on wider paper it is scaled. Colours and dashes are those of the page's
 * style sheet (style.ts), by class; no meaning is in a colour alone.
 */
import { markup, type Markup } from '../markup.ts';
import type { Axis } from './axis.ts';

/** The paper, and the field between the axes, in units of the SVG. */
export const paper = { width: 360, height: 280 } as const;
export const field = { left: 46, right: 348, top: 12, bottom: 236 } as const;

/** What is said of a chart. */
export interface Caption {
  /** Unique on the page; letters only. */
  readonly id: string;
  readonly title: string;
  /** What the drawing shows, in words and figures. */
  readonly description: string;
}

/** A point in the values of the axes. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A pair of axes: where the points of a chart stand. */
export class Plane {
  readonly x: Axis;
  readonly y: Axis;

  constructor(x: Axis, y: Axis) {
    this.x = x;
    this.y = y;
  }

  /** The abscissa of a value, within the field. */
  across(value: number): number {
    return rounded(field.left + this.x.place(value) * (field.right - field.left));
  }

  /** The ordinate of a value, within the field; SVG counts downwards. */
  up(value: number): number {
    return rounded(field.bottom - this.y.place(value) * (field.bottom - field.top));
  }

  /** A line through points. Neighbours that fall on one place are drawn once. */
  line(points: readonly Point[], kind: string): Markup {
    const places = points.map(({ x, y }) => `${this.across(x)},${this.up(y)}`);
    const path = places.filter((place, at) => place !== places[at - 1]).join(' ');
    return markup`<polyline class="line ${kind}" points="${path}"/>`;
  }

  /** A point with its name beside it, on the side where there is room. */
  mark({ x, y }: Point, name: string): Markup {
    const left = this.across(x);
    const top = this.up(y);
    const end = left > (field.left + field.right) / 2;
    return markup`<circle class="mark" cx="${left}" cy="${top}" r="4"/><text class="name${end ? ' end' : ''}" x="${left + (end ? -8 : 8)}" y="${Math.max(field.top + 10, top - 7)}">${name}</text>`;
  }
}

/** A chart: its frame with what is drawn in it. */
export function frame({ id, title, description }: Caption, plane: Plane, drawing: readonly Markup[]): Markup {
  const middle = (field.left + field.right) / 2;
  const height = (field.top + field.bottom) / 2;
  return markup`<svg viewBox="0 0 ${paper.width} ${paper.height}" role="img" aria-labelledby="${id}-title ${id}-desc" xmlns="http://www.w3.org/2000/svg">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${description}</desc>
<g class="grid">${plane.x.ticks.map(({ value, label }) => {
    const x = plane.across(value);
    return markup`<path d="M${x} ${field.top}V${field.bottom}"/><text class="middle" x="${x}" y="${field.bottom + 15}">${label}</text>`;
  })}${plane.y.ticks.map(({ value, label }) => {
    const y = plane.up(value);
    return markup`<path d="M${field.left} ${y}H${field.right}"/><text class="end" x="${field.left - 6}" y="${y + 4}">${label}</text>`;
  })}</g>
<text class="middle" x="${middle}" y="${field.bottom + 34}">${plane.x.label}</text>
<text class="middle" transform="translate(12 ${height}) rotate(-90)">${plane.y.label}</text>
${drawing}
</svg>`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
