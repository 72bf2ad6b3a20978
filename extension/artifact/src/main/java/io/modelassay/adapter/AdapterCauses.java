package io.modelassay.adapter;

import io.modelassay.adapter.AdapterReport.Mismatch;
import io.modelassay.adapter.AdapterReport.Renamed;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Finds what one cause explains many differences of keys and shapes; a cause takes out what follows from it. */
final class AdapterCauses {
    private static final String CONFIG = "adapter_config.json";
    private static final Pattern LAYER = Pattern.compile("(.*?\\.(?:layers|h|blocks|layer))\\.(\\d{1,6})\\..*");
    private static final String GATHER =
            "gather the parameters before saving, as accelerator.get_state_dict(model) does; under ZeRO-3 with"
                    + " stage3_gather_16bit_weights_on_model_save, under FSDP with a full state dict";

    private final KeyDifferences left;
    private final List<AdapterCause> causes = new ArrayList<>();

    private AdapterCauses(KeyDifferences left) {
        this.left = left;
    }

    /** The causes; what they explain is taken out of {@code left}. */
    static List<AdapterCause> of(KeyDifferences left) {
        AdapterCauses found = new AdapterCauses(left);
        found.ungathered();
        if (!left.isEmpty()) {
            found.renamed();
            found.taskHead();
            found.resized();
            found.settings();
            found.layers();
        }
        return List.copyOf(found.causes);
    }

    /** A rank's part of a sharded model has no elements, or all of them in one dimension. */
    private void ungathered() {
        List<String> empty =
                left.stored.keySet().stream().filter(key -> elements(key) == 0).toList();
        List<String> flat = left.mismatched.values().stream()
                .filter(mismatch ->
                        mismatch.stored().rank() == 1 && mismatch.expected().rank() > 1)
                .map(Mismatch::name)
                .filter(key -> elements(key) > 0)
                .toList();
        if (left.stored.isEmpty()) {
            causes.add(new AdapterCause(
                    "adapter-empty",
                    "adapter_model",
                    "The file holds no tensor; saving without gathering leaves that under ZeRO-3 or FSDP",
                    GATHER));
            left.explainAll();
        } else if (!empty.isEmpty() || !flat.isEmpty()) {
            String first = (empty.isEmpty() ? flat : empty).get(0);
            causes.add(new AdapterCause(
                    "adapter-not-gathered",
                    first,
                    (empty.size() + flat.size()) + " of " + left.stored.size() + " tensors are "
                            + (flat.isEmpty()
                                    ? "empty, of shape " + left.stored.get(first)
                                    : empty.isEmpty() ? "flat, this one " + left.stored.get(first) : "empty or flat")
                            + ": the file was saved without gathering what ZeRO-3 or FSDP had spread over the ranks, and"
                            + " PEFT refuses it with a size mismatch",
                    GATHER));
            Set<String> sharded = new LinkedHashSet<>(empty);
            sharded.addAll(flat);
            left.explain(sharded::contains);
        }
    }

    private long elements(String key) {
        Shape shape = left.stored.get(key);
        return shape == null ? 0 : shape.dimensions().stream().reduce(1L, (a, b) -> a * b);
    }

    /** One cause for each way in which keys are off. */
    private void renamed() {
        Map<Set<KeyLeftover>, List<String>> kinds = new LinkedHashMap<>();
        left.renamed.forEach((key, to) ->
                kinds.computeIfAbsent(to.leftovers(), any -> new ArrayList<>()).add(key));
        kinds.forEach((leftovers, keys) -> {
            Renamed first = left.renamed.get(keys.get(0));
            String expected = first == null ? "" : first.expected();
            boolean all = keys.size() == left.stored.size();
            causes.add(new AdapterCause(
                    "adapter-prefix-renamed",
                    keys.get(0),
                    keys.size() + " of " + left.stored.size() + " keys have "
                            + leftovers.stream().map(KeyLeftover::words).collect(Collectors.joining(" and "))
                            + lacking(keys.get(0), expected)
                            + "; PEFT would look for " + expected + " and ignore what is there"
                            + (all ? ", so the adapter would have no effect" : ""),
                    leftovers.iterator().next().cure()));
        });
        Set<String> expected = new TreeSet<>();
        left.renamed.values().forEach(to -> expected.add(to.expected()));
        Set<String> stored = new TreeSet<>(left.renamed.keySet());
        left.explain(key -> expected.contains(key) || stored.contains(key));
    }

    /** The part of a path that the expected key has and the stored one lacks. */
    private static String lacking(String key, String expected) {
        List<String> have = List.of(key.split("\\."));
        List<String> more = new ArrayList<>(List.of(expected.split("\\.")));
        have.forEach(more::remove);
        return more.size() == 1 && expected.split("\\.").length == have.size() + 1
                ? " (they lack \"" + more.get(0) + ".\")"
                : "";
    }

    private void taskHead() {
        List<String> heads = KeyDifferences.matching(
                left.missing,
                key -> left.config.taskHeads().stream()
                        .anyMatch(head -> key.startsWith(AdapterKey.PREFIX + head + ".")));
        if (heads.isEmpty()) {
            return;
        }
        String head = heads.get(0).substring(AdapterKey.PREFIX.length()).replaceFirst("\\..*", "");
        causes.add(new AdapterCause(
                "adapter-head-missing",
                heads.get(0),
                "task_type " + left.config.taskType() + " trains the head `" + head
                        + "`, which is not stored; PEFT raises" + " KeyError '" + heads.get(0)
                        + "', before 0.15 it leaves the head random",
                "save the adapter with its head, as save_pretrained does; or the task_type that it was trained for"));
        left.explain(heads::contains);
    }

    /** Embedding and head of a base whose vocabulary was resized before training. */
    private void resized() {
        List<Mismatch> rows = left.mismatched.values().stream()
                .filter(mismatch -> isVocabulary(mismatch))
                .toList();
        if (rows.isEmpty()) {
            return;
        }
        Mismatch first = rows.get(0);
        long stored = vocabulary(first.stored(), first.expected(), true);
        long expected = vocabulary(first.stored(), first.expected(), false);
        causes.add(new AdapterCause(
                "adapter-vocabulary-resized",
                first.name(),
                rows.stream().map(Mismatch::name).collect(Collectors.joining(" and ")) + " "
                        + (rows.size() == 1 ? "has " : "have ") + stored + " rows, the base has " + expected
                        + ": the adapter was trained after its vocabulary was resized, and PEFT refuses it with a size"
                        + " mismatch",
                "base.resize_token_embeddings(" + stored + ") before loading the adapter"));
        rows.forEach(mismatch -> left.mismatched.remove(mismatch.name()));
    }

    private boolean isVocabulary(Mismatch mismatch) {
        String key = mismatch.name();
        boolean ofEnd = left.base.all().stream()
                .filter(module -> left.base.isEnd(module.name()))
                .anyMatch(module -> key.startsWith(AdapterKey.PREFIX + module.name() + "."));
        return ofEnd && !mismatch.byRank() && vocabulary(mismatch.stored(), mismatch.expected(), true) > 0;
    }

    /** The size of the only dimension that differs, where the base's is its vocabulary. */
    private long vocabulary(Shape stored, Shape expected, boolean ofStored) {
        long rows = left.base
                .inputEmbedding()
                .map(module -> module.weight().dimension(0))
                .orElse(-1L);
        if (stored.rank() != 2 || expected.rank() != 2) {
            return -1;
        }
        for (int axis = 0; axis < 2; axis++) {
            if (expected.dimension(axis) == rows
                    && stored.dimension(axis) != rows
                    && stored.dimension(1 - axis) == expected.dimension(1 - axis)) {
                return ofStored ? stored.dimension(axis) : rows;
            }
        }
        return -1;
    }

    /** A setting that the stored tensors contradict. */
    private void settings() {
        setting(
                left.unexpected,
                "." + LoraMethod.MAGNITUDE,
                left.config.usesDora(),
                "magnitude vectors",
                "use_dora",
                true);
        setting(left.unexpected, ".lora_B.bias", left.config.hasLoraBias(), "biases of lora_B", "lora_bias", true);
        setting(
                left.missing,
                "." + LoraMethod.MAGNITUDE,
                !left.config.usesDora(),
                "magnitude vectors",
                "use_dora",
                false);
        setting(left.missing, ".lora_B.bias", !left.config.hasLoraBias(), "biases of lora_B", "lora_bias", false);
    }

    private void setting(Set<String> keys, String part, boolean asSet, String what, String key, boolean stored) {
        Predicate<String> isPart = name -> name.endsWith(part) || name.contains(part + ".");
        List<String> found = KeyDifferences.matching(keys, isPart);
        long all = left.stored.keySet().stream().filter(isPart).count();
        if (asSet || found.isEmpty() || (!stored && all > 0)) {
            return;
        }
        causes.add(new AdapterCause(
                "adapter-setting-contradicted",
                CONFIG,
                stored
                        ? found.size() + " " + what + " are stored, such as " + found.get(0) + ", and " + key
                                + " is false, so PEFT drops them in silence"
                        : key + " is true, and no " + what + " are stored",
                key + " must be " + stored + " in " + CONFIG + (stored ? "" : ", or the file that has them")));
        left.explain(found::contains);
    }

    /** An adapter of a base with fewer or more layers than this one. */
    private void layers() {
        Map<String, Set<Integer>> stored = layersOf(left.stored.keySet());
        stored.forEach((stack, numbers) -> {
            Set<Integer> ofBase = layersOf(left.base.parameters().keySet().stream()
                            .map(name -> AdapterKey.PREFIX + name)
                            .toList())
                    .getOrDefault(stack, Set.of());
            int top = numbers.stream().mapToInt(Integer::intValue).max().orElse(-1);
            int layers = ofBase.stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
            Predicate<String> above = key -> layer(key)
                    .filter(at -> at.group(1).equals(stack) && Integer.parseInt(at.group(2)) > top)
                    .isPresent();
            Predicate<String> beyond = key -> layer(key)
                    .filter(at -> at.group(1).equals(stack) && Integer.parseInt(at.group(2)) >= layers)
                    .isPresent();
            List<String> missing = KeyDifferences.matching(left.missing, above);
            List<String> extra = KeyDifferences.matching(left.unexpected, beyond);
            boolean whole = missing.stream().map(this::layerOf).distinct().count() == layers - 1 - top;
            if (layers > 0 && !missing.isEmpty() && whole && numbers.size() == top + 1) {
                add(stack, missing.get(0), layers, top + 1, " layers, the layers above get none of it");
                left.missing.removeAll(missing);
            } else if (layers > 0 && !extra.isEmpty() && top >= layers) {
                add(stack, extra.get(0), layers, top + 1, " layers, and PEFT drops those above in silence");
                left.unexpected.removeAll(extra);
            }
        });
    }

    private int layerOf(String key) {
        return layer(key).map(at -> Integer.parseInt(at.group(2))).orElse(-1);
    }

    private void add(String stack, String subject, int layers, int adapted, String consequence) {
        causes.add(new AdapterCause(
                "adapter-layers-differ",
                subject,
                "The base has " + layers + " layers (" + stack.substring(AdapterKey.PREFIX.length())
                        + "), the adapter is for " + adapted + consequence,
                "the base that the adapter was trained on"
                        + left.config.baseModel().map(name -> ": " + name).orElse("")
                        + "; or layers_to_transform, if these layers alone were meant"));
    }

    private static Optional<Matcher> layer(String key) {
        Matcher matcher = LAYER.matcher(key);
        return matcher.matches() ? Optional.of(matcher) : Optional.empty();
    }

    private static Map<String, Set<Integer>> layersOf(Iterable<String> keys) {
        Map<String, Set<Integer>> layers = new LinkedHashMap<>();
        for (String key : keys) {
            layer(key)
                    .ifPresent(at -> layers.computeIfAbsent(at.group(1), stack -> new TreeSet<>())
                            .add(Integer.valueOf(at.group(2))));
        }
        return layers;
    }
}
