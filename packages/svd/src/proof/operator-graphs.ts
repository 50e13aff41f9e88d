import { NORM_GROUPS } from '../checkpoint/norm-groups.ts';
import { beginGraph } from '../graphs/graph.ts';
import type { GraphDraft, GraphOptions } from '../graphs/graph.ts';
import type { Weights } from '../safetensors/weights.ts';

/** The widths that kernels are compiled for one by one: those of SVD's levels, and of its maps beside skip connections. */
const LEVELS = [320, 640, 1280];
const MAPS = [640, 960, 1280, 1920, 2560];

const [INPUTS, COUNT, HEIGHT, WIDTH] = [64, 2, 4, 4];
const EPS = 1e-5;

/** Each fused operator but attention, for every width of SVD, on a few positions. */
export function operatorsGraph(weights: Weights, options: GraphOptions): GraphDraft {
  const draft = beginGraph('operators', weights, options);
  const { builder, emitter: e, root } = draft;
  const map = e.fromNchw(builder.input('x', 'float32', [COUNT, INPUTS, HEIGHT, WIDTH]));
  const tokens = e.toTokens(map);
  for (const width of LEVELS) {
    const scope = root.sub('level', width);
    const sum = () => {
      const residual = e.activate(e.linear(scope.sub('residual'), tokens, width), 'silu');
      return e.addValues(residual, e.linear(scope.sub('projection'), tokens, width));
    };
    e.output(`geglu_${width}`, e.geglu(scope.sub('geglu'), tokens, 4 * width));
    e.output(`sum_${width}`, sum());
    e.output(`layer_norm_${width}`, e.layerNorm(scope.sub('norm'), sum(), EPS));
  }
  for (const width of MAPS) {
    const scope = root.sub('map', width);
    const options = { groups: NORM_GROUPS, eps: EPS, activation: 'silu' } as const;
    const wide = e.toMap(e.linear(scope.sub('projection'), tokens, width), HEIGHT, WIDTH);
    const normal = e.groupNorm(scope.sub('norm'), wide, options);
    builder.output(`skip_group_norm_${width}`, e.toNchw(normal));
    builder.output(`group_norm_${width}`, e.toNchw(e.groupNorm(scope.sub('norm'), e.tanh(wide), options)));
  }
  builder.output('convolution', e.toNchw(e.conv2d(root.sub('convolution'), map, { outChannels: INPUTS })));
  return draft;
}

/** The head size of the UNet, and the lengths of its sequences: positions, and frames. */
const HEAD = 64;
const LENGTHS = [32, 3];

/** Attention alone. */
export function attentionGraph(weights: Weights, options: GraphOptions): GraphDraft {
  const draft = beginGraph('attention', weights, options);
  const { builder, emitter: e, root } = draft;
  for (const length of LENGTHS) {
    const tokens = builder.input(`tokens_${length}`, 'float32', [COUNT, length, HEAD]);
    const scope = root.sub('length', length);
    const [query, key, value] = (['query', 'key', 'value'] as const).map((name) =>
      e.linear(scope.sub(name), tokens, HEAD),
    );
    e.output(`attention_${length}`, e.attention(query!, key!, value!, 1));
  }
  return draft;
}
