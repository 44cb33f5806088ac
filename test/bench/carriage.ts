/**
 * What the servers of today write into a message on its way, put into the mail of twenty years ago: signatures (DKIM), seals (ARC), the results of
 * checks, the notes of large providers and of bulk mailers, and links that lead through them, in their real forms with made-up values.
 *
 * What is written follows from the domain that a message says to be from, spam and ham alike, and so tells nothing of the class.
 */
import type { Random } from '../../src/report/random.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const base64 = `${letters}0123456789+/`;
const hexadecimal = '0123456789abcdef';
const domain = /^from:.*@([\w.-]+)/im;
/** The fields that the receiving server wrote, at the top of a header block. */
const written = /(?:(?:return-path|delivered-to|received):[^\n]*\n(?:[ \t][^\n]*\n)*)*/iy;
const link = /https?:\/\/[^\s"'<>)]+/g;
const signedFields = 'from:to:cc:subject:date:message-id:reply-to:mime-version:content-type';

/** The message as it would arrive today. */
export function carried(message: Buffer, random: Random): Buffer {
  const text = message.toString('latin1');
  const start = text.startsWith('From ') ? text.indexOf('\n') + 1 : 0;
  written.lastIndex = start;
  const end = start + (written.exec(text)?.[0].length ?? 0);
  const writer = new Writer(
    domain.exec(text.slice(0, 8000))?.[1]?.toLowerCase() ?? 'example.invalid',
    random,
  );
  const pieces = [
    text.slice(0, start),
    writer.receiver(),
    text.slice(start, end),
    writer.sender(),
    writer.links(text.slice(end)),
  ];
  return Buffer.from(pieces.join(''), 'latin1');
}

/** Writes what one message gets on its way. */
class Writer {
  private readonly from: string;
  private readonly random: Random;
  private readonly kind: number;
  private readonly selector: string;

  constructor(from: string, random: Random) {
    this.from = from;
    this.random = random;
    const hash = Array.from(from).reduce(
      (sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0,
      7,
    );
    this.kind = hash % 4;
    this.selector = `s${hash % 100}`;
  }

  /** What the user's own server found. */
  receiver(): string {
    const result = this.random.below(10) > 0 ? 'pass' : 'fail';
    return (
      `Authentication-Results: mail.example.org;\n  dkim=${result} (2048-bit key) header.d=${this.from} header.i=@${this.from} ` +
      `header.b="${this.some(8)}";\n  dkim-atps=neutral\n` +
      `Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.3; helo=mail.${this.from}; receiver=<UNKNOWN>\n`
    );
  }

  /** What the sender's server, provider or bulk mailer wrote. */
  sender(): string {
    const signature = this.signature('DKIM-Signature', this.from, this.selector);
    const writers = [
      (): string =>
        this.signature('DKIM-Signature', 'gmail.com', '20230601') +
        this.signature('X-Google-DKIM-Signature', '1e100.net', '20230601') +
        `X-Gm-Message-State: AOJu0Y${this.folded(150)}\nX-Gm-Gg: ASbGnc${this.folded(220)}\n` +
        `X-Google-Smtp-Source: AGHT+I${this.some(60)}\n` +
        `X-Received: by 2002:a05:6000:1234:b0:${this.some(3, hexadecimal)} with SMTP id ${this.some(8)}-2002mr${this.time()}.12.${this.time()};\n`,
      (): string =>
        this.seals('microsoft.com', 'arcselector10001') +
        signature +
        `Thread-Index: ${this.some(30)}\nX-MS-PublicTrafficType: Email\n` +
        `X-MS-TrafficTypeDiagnostic: ${this.some(4, letters)}PR01MB${this.time()}:EE_\n` +
        `X-MS-Office365-Filtering-Correlation-Id: ${this.guid()}\nX-MS-Exchange-SenderADCheck: 1\n` +
        'X-MS-Exchange-AntiSpam-Relay: 0\n' +
        'X-Microsoft-Antispam: BCL:0;ARA:13230040|376014|1800799024|366016|38070700018;\n' +
        `X-Microsoft-Antispam-Message-Info: =?utf-8?B?${this.folded(900)}?=\n` +
        `X-Forefront-Antispam-Report: CIP:255.255.255.255;CTRY:;LANG:en;SCL:1;SRV:;IPV:NLI;SFV:NSPM;H:${this.some(6)}PR01MB.eurprd01.prod.outlook.com;PTR:;CAT:NONE;DIR:OUT;SFP:1102;\n` +
        `X-MS-Exchange-AntiSpam-MessageData-ChunkCount: 1\nX-MS-Exchange-AntiSpam-MessageData-0: ${this.folded(1500)}\n` +
        `X-OriginatorOrg: ${this.from}\nX-MS-Exchange-CrossTenant-Network-Message-Id: ${this.guid()}\n` +
        `X-MS-Exchange-CrossTenant-Id: ${this.guid()}\nX-MS-Exchange-CrossTenant-UserPrincipalName: ${this.some(80)}\n`,
      (): string => signature,
      (): string =>
        signature +
        this.signature('DKIM-Signature', 'sendgrid.info', 'smtpapi') +
        `Feedback-ID: ${this.time()}:SG\nX-SG-EID: u001.${this.folded(330)}\nX-SG-ID: u001.${this.folded(200)}\nX-Entity-ID: u001.${this.some(22)}==\n`,
    ];
    return writers[this.kind]?.() ?? '';
  }

  /** The body with its links rewritten, by a provider that checks them or a bulk mailer that counts who follows them. */
  links(body: string): string {
    const some = (length: number): string => this.some(length, `${letters}0123456789`);
    if (this.kind === 1) {
      return body.replace(
        link,
        (url) =>
          `https://eur01.safelinks.protection.outlook.com/?url=${encodeURIComponent(url)}&data=05%7C02%7C${this.from}%7C` +
          `${this.some(32, hexadecimal)}%7C0%7C0%7C63${this.time()}%7CUnknown%7C${some(88)}%3D%3D%7C0%7C%7C%7C&sdata=${some(43)}%3D&reserved=0`,
      );
    }
    if (this.kind !== 3) return body;
    return body.replace(
      link,
      () => `https://u${this.selector}.ct.sendgrid.net/ls/click?upn=u001.${some(200)}`,
    );
  }

  private seals(by: string, selector: string): string {
    return (
      `ARC-Seal: i=1; a=rsa-sha256; s=${selector}; d=${by}; cv=none;\n b=${this.folded(342)}==\n` +
      `ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=${by};\n s=${selector};\n h=${signedFields};\n bh=${this.some(43)}=;\n b=${this.folded(342)}==\n` +
      `ARC-Authentication-Results: i=1; mx.${by} 1; spf=pass smtp.mailfrom=${this.from}; dmarc=pass action=none header.from=${this.from}; dkim=pass header.d=${this.from}; arc=none\n`
    );
  }

  private signature(name: string, by: string, selector: string): string {
    return (
      `${name}: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${by}; s=${selector}; t=${this.time()};\n` +
      ` h=${signedFields};\n bh=${this.some(43)}=;\n b=${this.folded(342)}==\n`
    );
  }

  private guid(): string {
    return [8, 4, 4, 4, 12].map((length) => this.some(length, hexadecimal)).join('-');
  }

  private time(): string {
    return (1_700_000_000 + this.random.below(60_000_000)).toString();
  }

  private some(length: number, alphabet: string = base64): string {
    return Array.from({ length }, () => alphabet.charAt(this.random.below(alphabet.length))).join('');
  }

  private folded(length: number): string {
    const lines = Array.from({ length: Math.ceil(length / 70) }, (_, i) =>
      this.some(Math.min(70, length - 70 * i)),
    );
    return lines.join('\n ');
  }
}
