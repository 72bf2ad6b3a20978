package io.modelassay.runtime;

import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.TokenRows;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Loss and gradients at the vocabulary head, walked in slices of rows: once for the loss, once more for the gradients. */
final class HeadPass implements AutoCloseable {
    private static final String WEIGHT = "lm_head.weight";

    private final AdapterPlan adapter;
    private final Kernels kernels;
    private final VocabularyHead head;
    private final TrainedTensors trained;
    private final Optional<String> stored;
    private final Optional<TokenRows> tokens;
    private final Tensor targets;
    private Map<String, Tensor> state;

    HeadPass(LanguageModel base, AdapterPlan adapter, Weights weights, Kernels kernels, List<int[]> windows) {
        this.adapter = adapter;
        this.kernels = kernels;
        this.head = new VocabularyHead(kernels, base.plan(), weights, base.dtype());
        this.trained = new TrainedTensors(adapter);
        String table = base.plan().decoder().head();
        this.stored = adapter.copy(WEIGHT)
                .or(() -> adapter.overwritten(WEIGHT))
                .or(() -> adapter.overwritten(table))
                .map(tensor -> tensor.name());
        this.tokens = adapter.tokens("lm_head").or(() -> adapter.tokens(table.substring(0, table.lastIndexOf('.'))));
        this.targets = kernels.engine()
                .longs(windows.stream()
                        .flatMapToInt(window -> Arrays.stream(window).skip(1))
                        .asLongStream()
                        .toArray());
        this.state = kernels.callMap("start_scan", targets);
    }

    /** Mean cross entropy of the targets, from normed hidden states {@code [tokens, hidden size]}. */
    double loss(Tensor hidden) {
        head.eachSlice((first, rows) -> {
            try (VocabularyHead.Slice slice = head.slice(first, rows)) {
                Map<String, Tensor> next = kernels.callMap("scan", state, hidden, slice.tensors(), first, targets);
                state.values().forEach(Tensor::close);
                state = next;
            }
        });
        try (Tensor values = kernels.call("negative_log_likelihood", state)) {
            return Arrays.stream(kernels.doubles(values)).average().orElse(Double.NaN);
        }
    }

    /** The gradient of {@code hidden}; those of the head's trained tensors go to {@code result}. */
    Tensor gradients(Tensor hidden, Gradients result) {
        Sum sum = new Sum();
        head.eachSlice((first, rows) -> {
            try (VocabularyHead.Slice slice = head.slice(first, rows)) {
                sum.add(slice(hidden, slice.tensors(), first, rows, result));
            }
        });
        return sum.total();
    }

    private Tensor slice(Tensor hidden, Map<String, Tensor> tensors, int first, int rows, Gradients result) {
        Map<String, String> asked = trained.in("", tensors.keySet());
        stored.ifPresent(name -> asked.put(WEIGHT, name));
        tokens.ifPresent(replaced -> asked.put(WEIGHT, replaced.rows().name()));
        Map<String, Tensor> asking = new HashMap<>();
        tensors.forEach(
                (name, tensor) -> asking.put(asked.containsKey(name) ? TrainingPass.TRAINED + name : name, tensor));
        Map<String, Tensor> results = kernels.callRecording(
                "head_gradients",
                hidden,
                asking,
                first,
                targets,
                Objects.requireNonNull(state.get("log_sum")),
                targets.elements());
        asked.forEach((place, name) -> {
            Tensor gradient = results.get(place);
            if (gradient == null) {
                return;
            }
            if (place.equals(WEIGHT) && tokens.isPresent()) {
                addTokens(tokens.get(), first, rows, gradient, result);
            } else if (place.equals(WEIGHT) || isSliced(place)) {
                result.addRows(name, kernels.call("same", gradient));
            } else {
                result.add(name, gradient);
            }
        });
        Tensor input = Objects.requireNonNull(results.remove("input"));
        results.values().forEach(Tensor::close);
        return input;
    }

    private boolean isSliced(String place) {
        return adapter.module("lm_head").stream()
                .anyMatch(module -> module.rowParts().contains(place.substring("lm_head.".length())));
    }

    /** Of the tokens whose rows are in the slice, in place among all of them. */
    private void addTokens(TokenRows replaced, int first, int rows, Tensor gradient, Gradients result) {
        long[] places = LongStream.range(0, replaced.ids().size())
                .filter(at ->
                        replaced.ids().get((int) at) >= first && replaced.ids().get((int) at) < first + rows)
                .toArray();
        long[] from = Arrays.stream(places)
                .map(at -> replaced.ids().get((int) at) - first)
                .toArray();
        if (places.length == 0) {
            return;
        }
        try (Tensor index = kernels.engine().longs(from);
                Tensor chosen = kernels.call("gather", gradient, index);
                Tensor to = kernels.engine().longs(places);
                Tensor all =
                        kernels.call("rows_gradient", to, chosen, replaced.ids().size())) {
            result.add(replaced.rows().name(), all);
        }
    }

    @Override
    public void close() {
        targets.close();
        state.values().forEach(Tensor::close);
    }

    /** A running sum of tensors, each of which it closes. */
    private final class Sum {
        private @Nullable Tensor sum;

        void add(Tensor next) {
            if (sum == null) {
                sum = next;
                return;
            }
            try (Tensor before = sum;
                    next) {
                sum = kernels.call("total", before, next);
            }
        }

        Tensor total() {
            if (sum == null) {
                throw new IllegalStateException("The head has no rows");
            }
            return sum;
        }
    }
}
