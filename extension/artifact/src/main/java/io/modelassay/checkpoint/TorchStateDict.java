package io.modelassay.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The dict of a saved object that is the checkpoint. It is the root, unless the root has one of the keys under which
 * training loops keep the weights ({@code model}, {@code state_dict}, {@code module}) with a dict of tensors below it,
 * at most three such keys deep; then it is that dict.
 */
final class TorchStateDict {

    private static final List<String> WRAPPERS = List.of("model", "state_dict", "module");
    private static final int DEEPEST = 3;

    private final PickleInput input;
    private final long at;
    private final List<String> path = new ArrayList<>();
    private Map<String, Object> tensors = Map.of();

    private TorchStateDict(PickleInput input, long at) {
        this.input = input;
        this.at = at;
    }

    /**
     * @param at where to say that a fault lies
     * @throws CheckpointException if there is no such dict, more than one, or one with a name twice
     */
    static TorchStateDict find(Object root, PickleInput input, long at) {
        TorchStateDict found = new TorchStateDict(input, at);
        found.descend(root);
        return found;
    }

    /** Each a {@link TorchTensor} or {@link TorchTensor.Unsupported}, by name, in the order of the file. */
    Map<String, Object> tensors() {
        return tensors;
    }

    /** Keys from the root to the dict; empty if it is the root. */
    List<String> path() {
        return path;
    }

    private void descend(Object root) {
        Object here = root;
        while (true) {
            if (!(here instanceof PickleData.Dict dict)) {
                throw problem("The file holds " + PickleData.kind(here) + " where a state dict was expected");
            }
            Map<String, Object> entries = entries(dict);
            String wrapper = path.size() < DEEPEST ? wrapper(entries) : null;
            if (wrapper == null) {
                tensors = entries;
                tensors.values().removeIf(value -> !isTensor(value));
                if (tensors.isEmpty()) {
                    throw problem("The file holds a dict without tensors" + keys(dict));
                }
                return;
            }
            path.add(wrapper);
            here = entries.get(wrapper);
            if (here == null) {
                throw new IllegalStateException(wrapper);
            }
        }
    }

    private @Nullable String wrapper(Map<String, Object> entries) {
        List<String> present = WRAPPERS.stream()
                .filter(key -> entries.get(key) instanceof PickleData.Dict dict && leadsToTensors(dict))
                .toList();
        if (present.size() > 1) {
            throw problem("The file holds several state dicts, under the keys " + present);
        }
        return present.isEmpty() ? null : present.get(0);
    }

    /** Whether tensors lie in this dict, or below one more key that wraps. */
    private static boolean leadsToTensors(PickleData.Dict dict) {
        List<PickleData.Dict> level = List.of(dict);
        for (int depth = 0; depth < DEEPEST; depth++) {
            List<PickleData.Dict> next = new ArrayList<>();
            for (PickleData.Dict each : level) {
                List<Object> items = each.keysAndValues;
                for (int i = 0; i < items.size(); i += 2) {
                    if (isTensor(items.get(i + 1))) {
                        return true;
                    }
                    // One of each name is enough; a dict that holds itself a thousand times stays one step.
                    if (items.get(i) instanceof String key
                            && WRAPPERS.contains(key)
                            && items.get(i + 1) instanceof PickleData.Dict inner
                            && !next.contains(inner)
                            && next.size() < WRAPPERS.size()) {
                        next.add(inner);
                    }
                }
            }
            level = next;
        }
        return false;
    }

    private Map<String, Object> entries(PickleData.Dict dict) {
        Map<String, Object> entries = new LinkedHashMap<>();
        List<Object> items = dict.keysAndValues;
        for (int i = 0; i < items.size(); i += 2) {
            Object value = items.get(i + 1);
            if (items.get(i) instanceof String key) {
                if (entries.putIfAbsent(key, value) != null) {
                    throw input.problem(
                                    CheckpointProblem.DUPLICATE_TENSOR_NAME,
                                    "The state dict holds this name twice; readers disagree on which one counts",
                                    at)
                            .tensor(key)
                            .next("write the file again with one entry for each name");
                }
            } else if (isTensor(value)) {
                throw problem("The state dict holds a tensor whose name is " + PickleData.kind(items.get(i)));
            }
        }
        return entries;
    }

    private static boolean isTensor(Object value) {
        return value instanceof TorchTensor || value instanceof TorchTensor.Unsupported;
    }

    private static String keys(PickleData.Dict dict) {
        Set<String> keys = new TreeSet<>();
        for (int i = 0; i < dict.keysAndValues.size() && keys.size() < 8; i += 2) {
            if (dict.keysAndValues.get(i) instanceof String key) {
                keys.add(CheckpointException.quote(key));
            }
        }
        return keys.isEmpty() ? "" : "; its keys are " + String.join(", ", keys);
    }

    private CheckpointException problem(String what) {
        return input.problem(CheckpointProblem.NOT_A_STATE_DICT, what, at)
                .next("save the state dict: torch.save(model.state_dict(), path)");
    }
}
