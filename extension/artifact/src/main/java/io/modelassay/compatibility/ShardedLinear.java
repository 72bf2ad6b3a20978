package io.modelassay.compatibility;

import java.util.List;
import java.util.regex.Pattern;

/**
 * A linear module as vLLM makes it: query, key and value are one module, as are gate and up.
 *
 * @param name with {@code *} for each number
 * @param example one module of that name
 * @param modules how many there are
 * @param split what ranks divide among them: the input channels ({@code o_proj}, {@code down_proj}) or the output channels
 * @param inputs input channels
 * @param outputs output channels of each of its parts
 * @param keyValue how many of the last parts belong to key and value heads, and are repeated where there are more ranks
 * @param storage how the weight is stored
 */
record ShardedLinear(
        String name,
        String example,
        int modules,
        Split split,
        long inputs,
        List<Long> outputs,
        int keyValue,
        WeightStorage storage) {
    private static final Pattern OTHER_TOWER = Pattern.compile("(^|\\.)(visual|vision|image|audio)\\w*\\.");

    enum Split {
        INPUTS,
        OUTPUTS
    }

    ShardedLinear {
        outputs = List.copyOf(outputs);
    }

    ShardedLinear stored(WeightStorage other) {
        return new ShardedLinear(name, example, modules, split, inputs, outputs, keyValue, other);
    }

    /** Whether it belongs to no vision or audio tower. */
    boolean isOfLanguageModel() {
        return !OTHER_TOWER.matcher(name).find();
    }

    /** The same with one more module of its kind. */
    ShardedLinear andAnother() {
        return new ShardedLinear(name, example, modules + 1, split, inputs, outputs, keyValue, storage);
    }

    boolean isLike(ShardedLinear other) {
        return name.equals(other.name)
                && inputs == other.inputs
                && outputs.equals(other.outputs)
                && storage.equals(other.storage);
    }

    /** The same in a model whose MLPs have {@code after} channels in the place of {@code before}. */
    ShardedLinear padded(long before, long after) {
        if (!isOfLanguageModel()) {
            return this;
        }
        if (name.endsWith(".down_proj") && inputs == before) {
            return new ShardedLinear(name, example, modules, split, after, outputs, keyValue, storage);
        }
        if (name.endsWith(".gate_up_proj") && outputs.stream().allMatch(size -> size == before)) {
            return new ShardedLinear(
                    name,
                    example,
                    modules,
                    split,
                    inputs,
                    outputs.stream().map(size -> after).toList(),
                    keyValue,
                    storage);
        }
        return this;
    }
}
