import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inlineTarget, readHtml } from '../../src/message/html.ts';

/** Visible and hidden text, white space made one blank. */
function said(html: string): [visible: string, hidden: string] {
  const { text, hidden } = readHtml(html);
  return [text.replace(/\s+/g, ' ').trim(), hidden.replace(/\s+/g, ' ').trim()];
}

describe('visible text', () => {
  test.each([
    ['V<b></b>ia<!-- no -->g<i>ra</i>', 'Viagra'],
    ['one<br>two<p>three</p>four<div>five</div>six', 'one two three four five six'],
    ['<table><tr><td>a<td>b<tr><th>c</table>', 'a b c'],
    ['&amp; &#233; &eacute; &nbsp;&euro; &bogus; AT&T', '& é é € &bogus; AT&T'],
    ['<head><title>no</title><style>no{}</style></head><script>no</script>yes', 'yes'],
    ['<noscript>yes</noscript> <textarea>yes</textarea>', 'yes yes'],
    ['a <unknown>b</unknown> 1 < 2', 'a b 1 < 2'],
    ['</b></p></div>text', 'text'],
  ])('%s', (html, text) => {
    expect(said(html)).toEqual([text, '']);
  });
});

describe('targets', () => {
  test('stand in the text where they stood, cut, and whole among the links', () => {
    const long = `http://example.com/${'x'.repeat(200)}`;
    const { text, links } = readHtml(`a<a href=" ${long} ">b</a>c<img src=cid:1><a name=x>d</a>`);
    expect(text).toBe(`a ${long.slice(0, inlineTarget)} bc  cid:1  d`);
    expect(links).toEqual([long, 'cid:1']);
  });

  test('of pictures stand in the text cut short from the eleventh on', () => {
    const { text, links } = readHtml(`<img src="http://example.org/${'a'.repeat(60)}">`.repeat(30));
    const lengths = text
      .trim()
      .split(/\s+/)
      .map((target) => target.length);
    expect(lengths).toEqual([...Array<number>(10).fill(79), ...Array<number>(20).fill(30)]);
    expect(links).toHaveLength(30);
  });

  test('of all kinds of elements, but no data', () => {
    const { links } = readHtml(
      '<body background=a><form action=b><area href=c><link href=d><object data=e></object><iframe src=f></iframe>' +
        '<img src="data:image/gif;base64,R0lG"><a href="">',
    );
    expect(links).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('of links whose text is a web address', () => {
    const { addressed } = readHtml(
      '<a href=http://x.example/1>https://Bank.example/<b>pay</b></a> <a href="http://x.example/2"> www.bank.example </a>' +
        '<a href=#top>bank.example</a><a href=/3>see https://bank.example</a><a name=4>http://a.example</a>' +
        '<a href=/7><i hidden>http://hidden.example</i>click</a>' +
        '<a href=http://x.example/5>http://unclosed.example <a href=http://x.example/6>http://bank.example',
    );
    expect(addressed).toEqual([
      { host: 'bank.example', target: 'http://x.example/1' },
      { host: 'www.bank.example', target: 'http://x.example/2' },
      { host: 'unclosed.example', target: 'http://x.example/5' },
      { host: 'bank.example', target: 'http://x.example/6' },
    ]);
  });

  test('stand apart where the element is hidden', () => {
    expect(said('<a style="display:none" href=trap>x</a>')).toEqual(['', 'trap x']);
    expect(said('<img hidden src=pixel>shown')).toEqual(['shown', 'pixel']);
  });
});

describe('hidden text', () => {
  test.each([
    'display:none',
    'DISPLAY : None !important',
    'color:red;display:none',
    'visibility:hidden',
    'visibility:collapse',
    'opacity:0',
    'opacity:0.0',
    'font-size:0',
    'font-size:1px',
    'font-size: 0.5pt',
    'font-size:0%',
    'font-size:.01em',
    'font:0/0 a',
    'font:bold 1px serif',
    'display:block;max-height:0;overflow:hidden',
    'display:inline-block;width:0px;overflow:hidden',
    'display:block;max-height:1px;overflow:hidden',
    'display:none!important;display:block',
    'background:white;color:rgba(255, 255, 255, 1)',
    'color:rgba(9, 9, 9, 0)',
    'color:white',
    'color:#fff',
    'color:#FEFEFE',
    'color:rgb(255, 255, 250)',
    'color:transparent',
    'background:black',
    'background:url(x.gif) #000 no-repeat',
    'display/* a comment */:none',
    'position:absolute;left:-9999px',
    'position:absolute; top: -1000pt',
    'text-indent:-100em',
    'margin-left: -5000px',
  ])('by %s', (style) => {
    expect(said(`a<span style="${style}">b<i>c</i></span>d`)).toEqual(['ad', 'bc']);
  });

  test.each([
    'display:block',
    'font-size:12px',
    'font-size:1em',
    'font-size:1ex',
    'font-size:1cm',
    'font:700 12px/1 serif',
    'font:bold 1em/1.5 serif',
    'opacity:0.5',
    'max-height:0',
    'height:10px;overflow:hidden',
    'display:block;height:1em;overflow:hidden',
    'display:block;height:1px;min-height:500px;overflow:hidden',
    'display:table-cell;height:1px;width:1px;overflow:hidden',
    'color:silver',
    'color:nosuch',
    'color:#fffff',
    'background:white',
    'background-color:yellow',
    'left:-20px',
    'left:-9999px',
    'mso-hide:all',
    'max-height:0;overflow:hidden',
    'display:nonesuch',
    'display:block!important;display:none',
    'background:rgba(0,0,0,0)',
    'background:none',
    'background:url(rgb.gif)',
    'background:darkred;color:white',
    'background:hsl(0, 50%, 10%);color:white',
    'background-image:url(x.gif);color:white',
    'background:linear-gradient(red, blue);color:#fff',
    'left:9999px',
    'text-indent:-100%',
    'text-indent:-2em',
    'margin-left:-',
    'nonsense',
    ':::;;;',
  ])('not by %s', (style) => {
    expect(said(`a<span style="${style}">b</span>d`)).toEqual(['abd', '']);
  });

  test('ends where an element within says otherwise, if it can', () => {
    const within = (outer: string, inner: string): readonly string[] =>
      said(`a<div style="${outer}">b<i style="${inner}">c</i></div>`).map((text) => text.trim());
    for (const [outer, inner] of [
      ['font-size:0', 'font-size:13px'],
      ['font:0/0 a', 'font:13px serif'],
      ['font-size:1px', 'font-size:medium'],
      ['visibility:hidden', 'visibility:visible'],
      ['color:white', 'color:black'],
      ['color:transparent', 'color:#333'],
    ] as const)
      expect(within(outer, inner)).toEqual(['a c', 'b']);
    for (const [outer, inner] of [
      ['font-size:0', 'font-size:2em'],
      ['font-size:0', 'font-size:200%'],
      ['font-size:0', 'font-weight:bold'],
      ['display:none', 'display:block'],
      ['opacity:0', 'opacity:1'],
      ['text-indent:-999px', 'color:black'],
    ] as const)
      expect(within(outer, inner)).toEqual(['a', 'bc']);
  });

  test('by old attributes', () => {
    expect(said('<font color=white>a</font><font color="#000">b</font>')).toEqual(['b', 'a']);
    expect(said('<body text=white>a<font color=red>b</font>')).toEqual(['b', 'a']);
    expect(
      said('<table bgcolor=navy><tr><td><font color=white>a</font><font color=000080>b</font></table>'),
    ).toEqual(['a', 'b']);
    expect(said('<p hidden>a</p>b')).toEqual(['b', 'a']);
  });

  test('by the rules of a style sheet, if they are simple and for all screens', () => {
    const sheet = `<style><!-- /* .c{display:none} */ .a, #b { display:none }
      @media (max-width:9px) { .c { display:none } .d { display:none } }
      td.e { display:none } h6 { font-size:0 } .f { color:#fff } --></style>`;
    expect(said(`${sheet}<i class="x A">1</i><i id=b>2</i><h6>3</h6><b class=f>4</b>`)).toEqual([
      '',
      '1 2 3 4',
    ]);
    expect(said(`${sheet}<i class=c>1</i><i class=d>2</i><td class=e>3</td>`)).toEqual(['12 3', '']);
    expect(said(`${sheet}<b class=f style="color:black">1</b>`)).toEqual(['1', '']);
    const both = '<style>.a { display:none!important } .b { display:none }</style>';
    expect(
      said(`${both}<b class=a style="display:inline">1</b><b class=b style="display:inline">2</b>`),
    ).toEqual(['2', '1']);
  });

  test('not by a rule of a style sheet that another, which is not read, may beat', () => {
    for (const other of [
      'div.a { display:block }',
      '@media all { .a { display:block } }',
      '.x > .a { font-size:9px }',
    ])
      expect(
        said(
          `<style>.a { display:none } ${other} .b { display:none }</style><b class=a>1</b><b class=b>2</b>`,
        ),
      ).toEqual(['1', '2']);
    expect(said('<style>.a { display:none } div.a { margin:0 }</style><b class=a>1</b>')).toEqual(['', '1']);
    // White buttons and banners of newsletters.
    for (const sheet of [
      '.a { background:#900 } @media all { .a { width:100% } }',
      '.a b { background-color:#900 }',
      '@media all { .a { background:linear-gradient(red, blue) } }',
    ])
      expect(said(`<style>${sheet}</style><p class=a><b style="color:#fff">1</b></p>`)).toEqual(['1', '']);
  });

  test('of a sheet or a style with tens of thousands of words is found in no time', () => {
    const many = Array.from({ length: 12_000 }, (_, n) => `x${n}:1`).join(';');
    const begun = performance.now();
    readHtml(`<style>${'p,'.repeat(20_000)}p{${many}}</style>${'<p>a'.repeat(20_000)}`);
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  test('ends with its element, as browsers end it', () => {
    expect(said('<p style="display:none">a<p>b')).toEqual(['b', 'a']);
    expect(said('<ul><li style="display:none">a<li>b</ul>')).toEqual(['b', 'a']);
    expect(said('<table><tr><td style="display:none">a<td>b</table>')).toEqual(['b', 'a']);
    expect(said('<div><span style="display:none">a</div>b')).toEqual(['b', 'a']);
    expect(said('<div style="display:none"><br><img src=x>a</div>b')).toEqual(['b', 'x a']);
    expect(said('<input style="display:none">a<br style="display:none">b')).toEqual(['a b', '']);
  });
});

describe('hostile HTML', () => {
  test('never throws, and what is put in visibly comes out', () => {
    const tag = fc.constantFrom(
      '<b>',
      '</b>',
      '<p>',
      '</p>',
      '<div style="',
      '">',
      '<td>',
      '<table>',
      '</table>',
      '<!--',
      '-->',
      '<style>',
      '</style>',
      '&',
      '<',
      '<a href=x>',
      '</br>',
      '<svg/>',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(tag, fc.string())), (pieces) => {
        expect(readHtml(pieces.join(''))).toBeTypeOf('object');
      }),
    );
  });

  test.each([
    ['elements that never end', '<b>'.repeat(60_000)],
    ['ends of others', '<b>'.repeat(30_000) + '</i>'.repeat(30_000)],
    ['styles', '<div style="color:red">'.repeat(9_000)],
  ])('%s take time that grows with their number', (_, html) => {
    const before = performance.now();
    expect(said(`${html}text`)[0]).toBe('text');
    expect(performance.now() - before).toBeLessThan(1000);
  });
});
