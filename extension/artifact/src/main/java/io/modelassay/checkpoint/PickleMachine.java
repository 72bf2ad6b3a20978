package io.modelassay.checkpoint;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs the opcodes of a pickle that only carry data. What would import or call anything but the names of
 * {@link PickleGlobal} ends in an exception before it has an effect. One loop, no recursion: the stack is ours.
 */
final class PickleMachine {

    /** A pickler writes at most 1000 items between a mark and their use; only tuples take as many as they have. */
    private static final int DEEPEST_STACK = 1_000_000;

    private static final int NEWEST_PROTOCOL = 5;

    private final PickleInput input;
    private final PickleBudget budget;
    private final TorchCalls calls;
    private final List<Object> stack = new ArrayList<>();
    private int[] marks = new int[16];
    private int markCount;
    private @Nullable Object[] memo = new Object[16];
    private int memoCount;
    private final long start;
    /** Place of the opcode that is being run. */
    private long at;

    private PickleMachine(PickleInput input, PickleBudget budget, TorchCalls calls) {
        this.input = input;
        this.budget = budget;
        this.calls = calls;
        this.start = input.position();
    }

    /**
     * Reads one pickle, up to and with its STOP.
     *
     * @throws CheckpointException if it is damaged, too large, or not only data
     */
    static Object read(PickleInput input, PickleBudget budget, TorchCalls calls) {
        input.begin();
        return new PickleMachine(input, budget, calls).run();
    }

    private Object run() {
        while (true) {
            at = input.position();
            budget.spend(input, 1, at);
            int opcode = input.readByte();
            if (opcode == PickleOpcodes.STOP) {
                return pop();
            }
            if (!literal(opcode) && !structure(opcode)) {
                object(opcode);
            }
        }
    }

    /** Opcodes that push a value of their own. */
    private boolean literal(int opcode) {
        switch (opcode) {
            case PickleOpcodes.NONE -> push(PickleData.NONE);
            case PickleOpcodes.NEWTRUE -> push(true);
            case PickleOpcodes.NEWFALSE -> push(false);
            case PickleOpcodes.BININT -> push((long) input.readInt());
            case PickleOpcodes.BININT1 -> push((long) input.readByte());
            case PickleOpcodes.BININT2 -> push((long) input.readShort());
            case PickleOpcodes.LONG1 -> push(integer(input.readBytes(input.readByte())));
            case PickleOpcodes.BINFLOAT -> push(input.readDouble());
            case PickleOpcodes.SHORT_BINSTRING, PickleOpcodes.SHORT_BINUNICODE ->
                push(input.readText(input.readByte()));
            case PickleOpcodes.BINUNICODE -> push(input.readText(Integer.toUnsignedLong(input.readInt())));
            case PickleOpcodes.BINUNICODE8 -> push(input.readText(input.readLong()));
            case PickleOpcodes.SHORT_BINBYTES -> bytes(input.readByte());
            case PickleOpcodes.BINBYTES -> bytes(Integer.toUnsignedLong(input.readInt()));
            case PickleOpcodes.BINBYTES8, PickleOpcodes.BYTEARRAY8 -> bytes(input.readLong());
            case PickleOpcodes.EMPTY_TUPLE -> push(new PickleData.Tuple(List.of()));
            case PickleOpcodes.EMPTY_LIST -> push(new PickleData.Items());
            case PickleOpcodes.EMPTY_DICT -> push(new PickleData.Dict());
            case PickleOpcodes.EMPTY_SET -> push(PickleData.SET);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Opcodes that arrange what is on the stack and in the memo. */
    private boolean structure(int opcode) {
        switch (opcode) {
            case PickleOpcodes.PROTO -> protocol(input.readByte());
            case PickleOpcodes.FRAME -> frame(input.readLong());
            case PickleOpcodes.MARK -> mark();
            case PickleOpcodes.TUPLE -> push(new PickleData.Tuple(popToMark()));
            case PickleOpcodes.TUPLE1 -> push(new PickleData.Tuple(popLast(1)));
            case PickleOpcodes.TUPLE2 -> push(new PickleData.Tuple(popLast(2)));
            case PickleOpcodes.TUPLE3 -> push(new PickleData.Tuple(popLast(3)));
            case PickleOpcodes.FROZENSET -> {
                popToMark();
                push(PickleData.SET);
            }
            case PickleOpcodes.APPEND -> append(popLast(1));
            case PickleOpcodes.APPENDS -> append(popToMark());
            case PickleOpcodes.SETITEM -> setItems(popLast(2));
            case PickleOpcodes.SETITEMS -> setItems(popToMark());
            case PickleOpcodes.ADDITEMS -> {
                popToMark();
                if (peek() != PickleData.SET) {
                    throw wrongTarget("adds to a set", peek());
                }
            }
            case PickleOpcodes.BINPUT -> memoize(input.readByte());
            case PickleOpcodes.LONG_BINPUT -> memoize(Integer.toUnsignedLong(input.readInt()));
            case PickleOpcodes.MEMOIZE -> memoize(memoCount);
            case PickleOpcodes.BINGET -> push(remembered(input.readByte()));
            case PickleOpcodes.LONG_BINGET -> push(remembered(Integer.toUnsignedLong(input.readInt())));
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Opcodes that in Python import or call something. */
    private void object(int opcode) {
        switch (opcode) {
            case PickleOpcodes.GLOBAL -> {
                String module = input.readLine();
                push(calls.global(module, input.readLine(), at));
            }
            case PickleOpcodes.STACK_GLOBAL -> {
                Object name = pop();
                Object module = pop();
                if (!(module instanceof String moduleName) || !(name instanceof String ownName)) {
                    throw invalid("names a global by " + PickleData.kind(module) + " and " + PickleData.kind(name));
                }
                push(calls.global(moduleName, ownName, at));
            }
            case PickleOpcodes.INST -> {
                String module = input.readLine();
                throw calls.forbidden(module, input.readLine(), at);
            }
            case PickleOpcodes.REDUCE, PickleOpcodes.NEWOBJ -> {
                Object arguments = pop();
                push(calls.call(pop(), arguments, at));
            }
            case PickleOpcodes.BUILD -> {
                // State of a dict: what a module remembers about versions, no weights.
                pop();
                if (!(peek() instanceof PickleData.Dict)) {
                    throw wrongTarget("sets the state", peek());
                }
            }
            case PickleOpcodes.BINPERSID -> push(calls.storage(pop(), at));
            default ->
                throw input.problem(
                                CheckpointProblem.UNSAFE_PICKLE,
                                "The pickle holds the opcode 0x" + Integer.toHexString(opcode)
                                        + ", which is not among those that state dicts are written with; nothing was run",
                                at)
                        .next("ask the publisher for safetensors, and do not load the file with weights_only=False");
        }
    }

    private void bytes(long length) {
        input.skip(length);
        push(PickleData.BYTES);
    }

    private static Object integer(byte[] littleEndian) {
        byte[] bytes = new byte[littleEndian.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = littleEndian[bytes.length - 1 - i];
        }
        if (bytes.length == 0) {
            return 0L;
        }
        BigInteger value = new BigInteger(bytes);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private void protocol(int version) {
        if (version > NEWEST_PROTOCOL) {
            throw invalid("has the protocol " + version + "; there is none above " + NEWEST_PROTOCOL);
        }
    }

    private void frame(long length) {
        if (length < 0 || length > PickleInput.MOST_BYTES) {
            throw input.tooLong(at);
        }
    }

    private void push(Object value) {
        if (stack.size() == DEEPEST_STACK) {
            throw input.problem(
                            CheckpointProblem.PICKLE_TOO_LARGE,
                            "The pickle keeps more than " + DEEPEST_STACK + " values open at once",
                            at)
                    .next("save the state dict alone: torch.save(model.state_dict(), path)");
        }
        stack.add(value);
    }

    private Object pop() {
        int last = stack.size() - 1;
        if (last < floor()) {
            throw invalid("takes a value from an empty stack");
        }
        return stack.remove(last);
    }

    private Object peek() {
        int last = stack.size() - 1;
        if (last < floor()) {
            throw invalid("looks for a value on an empty stack");
        }
        return stack.get(last);
    }

    private int floor() {
        return markCount == 0 ? 0 : marks[markCount - 1];
    }

    private void mark() {
        if (markCount == marks.length) {
            marks = Arrays.copyOf(marks, markCount * 2);
        }
        marks[markCount++] = stack.size();
    }

    private List<Object> popLast(int count) {
        int from = stack.size() - count;
        if (from < floor()) {
            throw invalid("takes " + count + " values from a stack of fewer");
        }
        return cutFrom(from);
    }

    private List<Object> popToMark() {
        if (markCount == 0) {
            throw invalid("goes back to a mark that was never set");
        }
        return cutFrom(marks[--markCount]);
    }

    private List<Object> cutFrom(int from) {
        List<Object> tail = stack.subList(from, stack.size());
        List<Object> cut = new ArrayList<>(tail);
        tail.clear();
        return cut;
    }

    private void append(List<Object> values) {
        if (!(peek() instanceof PickleData.Items list)) {
            throw wrongTarget("appends to a list", peek());
        }
        list.values.addAll(values);
    }

    private void setItems(List<Object> keysAndValues) {
        if (keysAndValues.size() % 2 != 0) {
            throw invalid("sets a key without a value");
        }
        if (!(peek() instanceof PickleData.Dict dict)) {
            throw wrongTarget("sets the items of a dict", peek());
        }
        dict.keysAndValues.addAll(keysAndValues);
    }

    /** A pickler numbers its memo without gaps, so that no number exceeds the bytes written before it. */
    private void memoize(long index) {
        if (index > at - start) {
            throw invalid("remembers a value under the number " + index + ", more than there are bytes before it");
        }
        int place = (int) index;
        if (place >= memo.length) {
            memo = Arrays.copyOf(memo, Math.max(place + 1, memo.length * 2));
        }
        if (memo[place] == null) {
            memoCount++;
        }
        memo[place] = peek();
    }

    private Object remembered(long index) {
        Object value = index < memo.length ? memo[(int) index] : null;
        if (value == null) {
            throw invalid("asks for the remembered value " + index + ", of which there is none");
        }
        return value;
    }

    private CheckpointException wrongTarget(String what, Object target) {
        return invalid(what + " where it has " + PickleData.kind(target));
    }

    private CheckpointException invalid(String what) {
        return input.problem(CheckpointProblem.INVALID_PICKLE, "The pickle " + what, at)
                .next("get the file from its publisher again; torch.save does not write this");
    }
}
