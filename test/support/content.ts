/**
 * Content that every test can make again: byte i has the value i mod 251 (251 is prime, so no MiB
 * equals another). The vectors are the wire page's (section 4.5), made by two other programs.
 */
import { MIB } from './tree-hash.ts';

const PERIOD = 251;

/** Bytes `startByte` to `startByte + sizeBytes - 1` of the content. */
export function content(sizeBytes: number, startByte = 0): Buffer {
  if (sizeBytes === 0) return Buffer.alloc(0);
  const pattern = Buffer.from(Array.from({ length: PERIOD }, (_, i) => (startByte + i) % PERIOD));
  return Buffer.alloc(sizeBytes, pattern);
}

/** The same content in chunks, for sizes that should not lie in memory. */
export function* contentChunks(sizeBytes: number, chunkBytes = MIB): Generator<Buffer> {
  for (let start = 0; start < sizeBytes; start += chunkBytes) {
    yield content(Math.min(chunkBytes, sizeBytes - start), start);
  }
}

export interface ContentVector {
  readonly sizeBytes: number;
  readonly treeHash: string;
  readonly linearHash: string;
}

function vector(sizeBytes: number, treeHash: string, linearHash = treeHash): ContentVector {
  return { sizeBytes, treeHash, linearHash };
}

export const EMPTY_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The archive that the part and range tables are made for. */
export const SEVEN_MIB_123 = vector(
  7_340_155,
  '3a7bad7d0522d12f5d1269b0177e7064b3dfb9a085868eefe457b88e21af3acb',
  '5322af7f04d5e3001dc34af3c361b956278913ac0a377cbdcb95eb9b55f98473',
);

export const contentVectors: readonly ContentVector[] = [
  vector(1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'),
  vector(1024, '2bce1ba628720664be4b9fdd77aae0678e5f0f3f02fc6ff641ec879094f6a404'),
  vector(1_048_575, '8b55c6a2d3444092a316985030e00c1e6f8608eaf912c896dee7c374d440ed11'),
  vector(1_048_576, '631b84027d6b9e52b539c4e8373622d23032dfadc64d60af87339c9037e4f769'),
  vector(
    1_048_577,
    'a9c574ce937d2371daf87cdd0e75396b096d7f74a66c764e4c656bd12b2e7bf9',
    '5769f52bc3eef28afa39c6fc68cadb7d0bd69812ae3a3d71452f519ec3c7aa56',
  ),
  vector(
    2_097_151,
    '35266c9a859cfa0468539e20eade7e2f00ae2283df63d995dec1b97fc19bf3c5',
    'efce3efcbba94299b27237589f84eac495e51e03a1d600024d465c9bbf253740',
  ),
  vector(
    2_097_152,
    'bf4dff263ae686b64403208c35a3767e38453d6477e841947588d13d04e1d816',
    '1e075c8d478ad21844e33e830a695ef03a4d2488b69ee275bd8947618bb1be1e',
  ),
  vector(
    2_097_153,
    '3123aa01ebcf47b74ddc6f0efd82c0e6680203b476c4d20c26a0c60a5b4a8181',
    '72bcf8fa6c73c0a650f5c83f47e54290ba2fe60ac6cb0d8fe5b0a41dd57a0844',
  ),
  vector(
    3_145_728,
    '2e7d51c0ffe06ce95fe74beed9a4ab35d18837f4ab2a9f4f066a60359eb999a1',
    'a1feacf0d812ba4d0b0e463ed45bbd583cea1de55c54693116754b30b5794745',
  ),
  vector(
    3_670_016,
    '390f48176c50ae5a31f92724791e509d8f66d26ba3305714d153f6d01be83289',
    'a8cd3d19bbc147bbaaf8176c6d62f1f9e68e01c2a08ba269dee55b3ce3ae8a5f',
  ),
  vector(
    4_194_304,
    'c7d749cd55cefa8ed8fbc208202e18d019b7701f29886f7c5d662d77b3903833',
    'a117210941a0b00dcb2d8577e680d84b6fa0eaf760d2afc654c953b9859d54fa',
  ),
  vector(
    5_242_880,
    '1eccd0ca741241ce114bde6d24a8de044ccee139ef6651bec9006d2f558751ef',
    '16b632f11cf950dda67dc4c184a3f9e0aa1ffa4c18927bb8977e7da97ca25bca',
  ),
  vector(
    6_291_456,
    'deb96dd479a20e396e4670fc8e8d80358b97cd8c77800c9310bd82ebb3285960',
    'c126bea7f5169cf05030eb29025a1f351e177d6f1efdd4e56919ab1c170f965f',
  ),
  vector(
    7_340_032,
    '8bfce57c6a4076b3e930e725fbaa00beeffff0f0d9a6491a89a53baa73b4810d',
    'c0c49a419ecae55243613a85dc1e1cb5ec9d5a51d5f439a8c16eb7ff0b139920',
  ),
  SEVEN_MIB_123,
  vector(
    8_388_608,
    'be9e1b21179533d14e87f6e4767f32b1c17e8ffb5ffcf82d42eceacf8abda110',
    'bdf23837181f5808331800c1ae2b4f7d7a839536b10d58491471c50dde23833a',
  ),
  vector(
    9_437_184,
    '735778ee074b00799c6f73605701b403469ad34d02c8779a11607aea52dd9dc4',
    '5a9ed69fb98cb8ce976ff50dd58c64f3ad76ea56e5591551ad232a0c499d937d',
  ),
  vector(
    16_777_216,
    'fe8d5faa139c80676b882005e2aa820ef7ea5673b292a62850f1336d9ee604a2',
    '287507f403176f1f5b22b9a4d9cb49f7d7f88ac19e406b5ae87ce109564846bd',
  ),
  vector(
    17_825_793,
    'cdf5058d4806d1c0f665960fa212ceae23ae5998d1381af8eb712fc75b151da0',
    'fdbd320dec37cfcb2007d42db464b191b670f87d38032188e3f5b3e5ddb116d1',
  ),
  vector(
    34_603_008,
    '77673000b4c20a28d8358785dcf0bb076d0ab026267e04b498b0c742475fb248',
    '6e86f042800ad404951f02845360a0660f13814b2b782a53af20945b6608dbb3',
  ),
];

export interface PartVector {
  readonly startByte: number;
  readonly endByte: number;
  readonly treeHash: string;
}

function part(startByte: number, endByte: number, treeHash: string): PartVector {
  return { startByte, endByte, treeHash };
}

/** Part size in bytes to the parts of the 7 MiB + 123 archive; each is also an aligned range. */
export const partVectors: ReadonlyMap<number, readonly PartVector[]> = new Map([
  [
    MIB,
    [
      part(0, 1_048_575, '631b84027d6b9e52b539c4e8373622d23032dfadc64d60af87339c9037e4f769'),
      part(
        1_048_576,
        2_097_151,
        '729b9155f00261a681000ccd0ff20e750ed3d525b5b1e6fc961837a3bb666fd6',
      ),
      part(
        2_097_152,
        3_145_727,
        'c85ef98b88946506e2c5488c04b97d86b5ec214add104d4849a3145f5e49fd65',
      ),
      part(
        3_145_728,
        4_194_303,
        'fb424e06b1bcfa4abe6862ffbb279614d06fd76af7f0a9015d05943c19ff3bc7',
      ),
      part(
        4_194_304,
        5_242_879,
        '913ce5b1447d28935c8acc3bc64add33b4c092c1eda4d6913e42f41f57b73b11',
      ),
      part(
        5_242_880,
        6_291_455,
        '0c6cb13dd57281eb061a856c0c6b121aed3ef04e8d94ea989e4fd5f3918a4f20',
      ),
      part(
        6_291_456,
        7_340_031,
        '3fe5670143d04b21f7993a66e25f307e3c1083134804dd589dfc699eebc29bf2',
      ),
      part(
        7_340_032,
        7_340_154,
        '84975defc1430b0024694a430f52737dadb9ffff2abe24271e2490bd8f93ca1a',
      ),
    ],
  ],
  [
    2 * MIB,
    [
      part(0, 2_097_151, 'bf4dff263ae686b64403208c35a3767e38453d6477e841947588d13d04e1d816'),
      part(
        2_097_152,
        4_194_303,
        '9e217b1ceb8db81071f9c6e4a2bf0401a83491d10751ce858a2628f5d699dbdb',
      ),
      part(
        4_194_304,
        6_291_455,
        '3f1cd462b63cf286198c3f2ee91cf116dfed51d327686dca0fb06ba94a4ae759',
      ),
      part(
        6_291_456,
        7_340_154,
        '683abc62350d893b2a0d84a42b4caf0f3005f287ed98f79371dde1e85a19d3f1',
      ),
    ],
  ],
  [
    4 * MIB,
    [
      part(0, 4_194_303, 'c7d749cd55cefa8ed8fbc208202e18d019b7701f29886f7c5d662d77b3903833'),
      part(
        4_194_304,
        7_340_154,
        'e3c069b4101f901385faf941c7718143190438b4452facf1b1c2865ab437d805',
      ),
    ],
  ],
]);
