package io.modelassay.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the calls of a pickle mean, and the storages and tensors that they made. */
final class TorchCalls {

    private static final Pattern STORAGE_KEY = Pattern.compile("[0-9]{1,20}");
    private static final int MOST_DIMENSIONS = 64;
    private static final String WRITE_AGAIN = "save the state dict again with a current torch, or as safetensors";

    private final PickleInput input;
    private final PickleBudget budget;
    private final Map<String, TorchStorage> storages = new LinkedHashMap<>();
    private final List<TorchTensor> tensors = new ArrayList<>();

    TorchCalls(PickleInput input, PickleBudget budget) {
        this.input = input;
        this.budget = budget;
    }

    /** By key, in the order of their first mention. */
    Map<String, TorchStorage> storages() {
        return storages;
    }

    /** The storage itself, or the one that it is a part of. */
    TorchStorage whole(TorchStorage storage) {
        return storages.getOrDefault(storage.key(), storage);
    }

    /** Every tensor made, whether or not it ended up in the state dict. */
    List<TorchTensor> tensors() {
        return tensors;
    }

    PickleGlobal global(String module, String name, long at) {
        return PickleGlobal.find(module, name).orElseThrow(() -> forbidden(module, name, at));
    }

    CheckpointException forbidden(String module, String name, long at) {
        return input.problem(
                        CheckpointProblem.UNSAFE_PICKLE,
                        "The pickle asks for " + CheckpointException.quote(module + "." + name)
                                + ", which tensors do not need; loading the file in Python would import it. Nothing was run",
                        at)
                .next("ask the publisher for safetensors, and do not load the file with weights_only=False");
    }

    /** What {@code callable(*arguments)} makes. */
    Object call(Object callable, Object arguments, long at) {
        if (!(callable instanceof PickleGlobal global)) {
            throw input.problem(
                            CheckpointProblem.UNSAFE_PICKLE,
                            "The pickle calls " + PickleData.kind(callable) + "; nothing was run",
                            at)
                    .next("ask the publisher for safetensors, and do not load the file with weights_only=False");
        }
        if (!(arguments instanceof PickleData.Tuple tuple)) {
            throw invalid("calls " + global.name() + " with " + PickleData.kind(arguments), at);
        }
        return switch (global.kind()) {
            case DICT -> dict(tuple, at);
            case DATA -> data(global);
            case SIZE -> size(tuple, at);
            case TENSOR -> tensor(global, tuple, at);
            case TENSOR_WITH_DTYPE -> tensorWithDtype(global, tuple, at);
            case PARAMETER -> parameter(global, tuple, at);
            case UNSUPPORTED_TENSOR -> new TorchTensor.Unsupported("is made by " + global.name(), at);
            case STORAGE, UNTYPED_STORAGE, DTYPE, NAME ->
                throw input.problem(
                                CheckpointProblem.UNSAFE_PICKLE,
                                "The pickle calls " + CheckpointException.quote(global.name())
                                        + ", which state dicts never do; nothing was run",
                                at)
                        .next(WRITE_AGAIN);
        };
    }

    private static Object data(PickleGlobal global) {
        if (global.name().endsWith(".set")) {
            return PickleData.SET;
        }
        return global.name().endsWith(".Counter") ? new PickleData.Dict() : PickleData.OBJECT;
    }

    /** Python 2 wrote an OrderedDict with a list of pairs, Python 3 writes it empty and sets items. */
    private PickleData.Dict dict(PickleData.Tuple arguments, long at) {
        PickleData.Dict dict = new PickleData.Dict();
        if (arguments.size() == 0) {
            return dict;
        }
        if (arguments.size() == 1 && arguments.get(0) instanceof PickleData.Items pairs) {
            budget.spend(input, pairs.values.size(), at);
            for (Object pair : pairs.values) {
                List<Object> two = pair instanceof PickleData.Items list
                        ? list.values
                        : pair instanceof PickleData.Tuple tuple ? tuple.values : List.of();
                if (two.size() != 2) {
                    throw invalid("makes an OrderedDict of something else than pairs", at);
                }
                dict.put(two.get(0), two.get(1));
            }
            return dict;
        }
        throw invalid("makes an OrderedDict of something else than pairs", at);
    }

    private PickleData.Tuple size(PickleData.Tuple arguments, long at) {
        if (arguments.size() == 1 && arguments.get(0) instanceof PickleData.Tuple size) {
            return size;
        }
        throw invalid("makes a torch.Size of something else than a tuple", at);
    }

    /** (storage, offset, size, stride[, requires_grad, backward_hooks[, metadata]]) */
    private Object tensor(PickleGlobal global, PickleData.Tuple arguments, long at) {
        TorchStorage storage = storageOf(global, arguments, 4, 7, at);
        PickleGlobal element = storage.kind();
        return tensor(storage, element, arguments, arguments.size() > 6 ? arguments.get(6) : null, at);
    }

    /** (storage, offset, size, stride, requires_grad, backward_hooks, dtype[, metadata]) */
    private Object tensorWithDtype(PickleGlobal global, PickleData.Tuple arguments, long at) {
        TorchStorage storage = storageOf(global, arguments, 7, 8, at);
        if (!(arguments.get(6) instanceof PickleGlobal dtype) || dtype.kind() != PickleGlobal.Kind.DTYPE) {
            throw invalid("gives a tensor " + PickleData.kind(arguments.get(6)) + " for its dtype", at);
        }
        if (storage.kind().kind() != PickleGlobal.Kind.UNTYPED_STORAGE
                && storage.kind().type() != dtype.type()) {
            throw input.problem(
                            CheckpointProblem.INVALID_STORAGE,
                            "The storage \"" + storage.key() + "\" is a "
                                    + storage.kind().name() + " and is read as " + dtype.name(),
                            at)
                    .next(WRITE_AGAIN);
        }
        return tensor(storage, dtype, arguments, arguments.size() > 7 ? arguments.get(7) : null, at);
    }

    private TorchStorage storageOf(PickleGlobal global, PickleData.Tuple arguments, int least, int most, long at) {
        if (arguments.size() < least || arguments.size() > most) {
            throw invalid("calls " + global.name() + " with " + arguments.size() + " arguments", at);
        }
        if (arguments.get(0) instanceof TorchStorage storage) {
            return storage;
        }
        throw invalid("makes a tensor of " + PickleData.kind(arguments.get(0)) + " instead of a storage", at);
    }

    private Object tensor(
            TorchStorage storage,
            PickleGlobal element,
            PickleData.Tuple arguments,
            @Nullable Object metadata,
            long at) {
        if (metadata != null
                && metadata != PickleData.NONE
                && !(metadata instanceof PickleData.Dict dict && dict.keysAndValues.isEmpty())) {
            return new TorchTensor.Unsupported("is a conjugated or negated view", at);
        }
        if (element.type() == null) {
            return new TorchTensor.Unsupported("has elements of " + element.name(), at);
        }
        if (!(arguments.get(1) instanceof Long offset)) {
            throw invalid("gives a tensor an offset that is no integer of 64 bits", at);
        }
        List<Long> size = integers(arguments.get(2), "size", at);
        List<Long> stride = integers(arguments.get(3), "stride", at);
        TorchTensor tensor = new TorchTensor(storage, element, offset, size, stride, at);
        tensors.add(tensor);
        return tensor;
    }

    private List<Long> integers(Object value, String what, long at) {
        if (!(value instanceof PickleData.Tuple tuple)) {
            throw invalid("gives a tensor a " + what + " that is " + PickleData.kind(value), at);
        }
        List<Object> values = tuple.values;
        if (values.size() > MOST_DIMENSIONS) {
            throw input.problem(
                            CheckpointProblem.INVALID_SHAPE,
                            "A tensor has a " + what + " of " + values.size()
                                    + " dimensions, torch computes with at most " + MOST_DIMENSIONS,
                            at)
                    .next(WRITE_AGAIN);
        }
        budget.spend(input, values.size(), at);
        List<Long> integers = new ArrayList<>(values.size());
        for (Object each : values) {
            if (!(each instanceof Long integer)) {
                throw invalid("gives a tensor a " + what + " that is no tuple of integers of 64 bits", at);
            }
            integers.add(integer);
        }
        return integers;
    }

    private Object parameter(PickleGlobal global, PickleData.Tuple arguments, long at) {
        if (arguments.size() > 0
                && (arguments.get(0) instanceof TorchTensor || arguments.get(0) instanceof TorchTensor.Unsupported)) {
            return arguments.get(0);
        }
        throw invalid("calls " + global.name() + " without a tensor", at);
    }

    /** The storage of a persistent id: ('storage', class, key, location, element count[, view]). */
    TorchStorage storage(Object id, long at) {
        if (!(id instanceof PickleData.Tuple tuple)
                || (tuple.size() != 5 && tuple.size() != 6)
                || !"storage".equals(tuple.get(0))
                || !(tuple.get(1) instanceof PickleGlobal kind)
                || (kind.kind() != PickleGlobal.Kind.STORAGE && kind.kind() != PickleGlobal.Kind.UNTYPED_STORAGE)
                || !(tuple.get(2) instanceof String key)
                || !(tuple.get(4) instanceof Long count)) {
            throw invalid("refers to something outside that is not declared as a storage", at);
        }
        if (!STORAGE_KEY.matcher(key).matches()) {
            throw input.problem(
                            CheckpointProblem.INVALID_STORAGE,
                            "The storage key " + CheckpointException.quote(key) + " is not a number",
                            at)
                    .next("get the file from its publisher again; torch.save does not write this");
        }
        TorchStorage whole = register(kind, key, count, at);
        return tuple.size() == 5 || tuple.get(5) == PickleData.NONE ? whole : part(whole, tuple.get(5), at);
    }

    /** A storage that is a view of another: (key of its own, offset, element count), as in files before zip. */
    private TorchStorage part(TorchStorage whole, Object view, long at) {
        if (!(view instanceof PickleData.Tuple tuple)
                || tuple.size() != 3
                || !(tuple.get(1) instanceof Long offset)
                || !(tuple.get(2) instanceof Long count)) {
            throw invalid("has a storage that views another in an unknown way", at);
        }
        if (offset < 0 || count < 0 || offset > whole.count() || count > whole.count() - offset) {
            throw input.problem(
                            CheckpointProblem.INVALID_STORAGE,
                            "The storage \"" + whole.key() + "\" has " + whole.count() + " elements, and a part of "
                                    + count + " elements from " + offset + " on",
                            at)
                    .next(WRITE_AGAIN);
        }
        int width = whole.kind().elementBytes();
        return new TorchStorage(whole.kind(), whole.key(), count, count * width, offset * width, at);
    }

    private TorchStorage register(PickleGlobal kind, String key, long count, long at) {
        TorchStorage before = storages.get(key);
        if (before != null) {
            if (!before.kind().equals(kind) || before.count() != count) {
                throw input.problem(
                                CheckpointProblem.INVALID_STORAGE,
                                "The storage \"" + key + "\" is declared as " + count + " elements of " + kind.name()
                                        + " and before as " + before.count() + " elements of "
                                        + before.kind().name(),
                                at)
                        .next(WRITE_AGAIN);
            }
            return before;
        }
        if (count < 0 || count > Long.MAX_VALUE / kind.elementBytes()) {
            throw input.problem(
                            CheckpointProblem.SIZE_OVERFLOW,
                            "The storage \"" + key + "\" has " + count + " elements, more than any file holds",
                            at)
                    .next(WRITE_AGAIN);
        }
        TorchStorage storage = new TorchStorage(kind, key, count, count * kind.elementBytes(), 0, at);
        storages.put(key, storage);
        return storage;
    }

    private CheckpointException invalid(String what, long at) {
        return input.problem(CheckpointProblem.INVALID_PICKLE, "The pickle " + what, at)
                .next("get the file from its publisher again; torch.save does not write this");
    }
}
