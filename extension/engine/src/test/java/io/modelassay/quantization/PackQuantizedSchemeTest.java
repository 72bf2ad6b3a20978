package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.PackQuantizedScheme.Packing;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.truth.OpenModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PackQuantizedSchemeTest {
    private static final int ROWS = 5;
    private static final int COLUMNS = 37;

    @Test
    void theNumberOfWordsTellsThePacking() {
        assertThat(PackQuantizedScheme.packing(3, 4096, 410, false)).contains(new Packing(3, true));
        assertThat(PackQuantizedScheme.packing(3, 4096, 384, true)).contains(new Packing(3, false));
        assertThat(PackQuantizedScheme.packing(3, 4096, 400, true)).isEmpty();
    }

    @Test
    void theVersionBreaksATie() {
        assertThat(PackQuantizedScheme.packing(3, 10, 1, true)).contains(new Packing(3, true));
        assertThat(PackQuantizedScheme.packing(3, 10, 1, false)).contains(new Packing(3, false));
    }

    @Test
    void fourBitsArePackedInOneWayOnly() {
        assertThat(PackQuantizedScheme.packing(4, 4096, 512, true)).contains(new Packing(4, false));
    }

    @Test
    void versionsFrom018OnAreDense() {
        assertThat(List.of("0.18.0", "0.19", "1.0.0", "0.18.1.a20260807")).allMatch(PackQuantizedScheme::isDense);
        assertThat(List.of("0.17.1", "0.9.4", "", "dev", "0", "0.99999999999")).noneMatch(PackQuantizedScheme::isDense);
    }

    static Stream<Packing> packings() {
        return Stream.of(true, false)
                .flatMap(padded -> Stream.of(1, 2, 3, 4, 5, 6, 7, 8).map(bits -> new Packing(bits, padded)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("packings")
    void everyWidthIsUnpacked(Packing packing) {
        Random random = new Random(packing.bits());
        int levels = 1 << packing.bits();
        int[][] codes = random(random, ROWS, COLUMNS, levels);
        int[][] zeros = random(random, 1, ROWS, levels);
        float[] expected = new float[ROWS * COLUMNS];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = codes[i / COLUMNS][i % COLUMNS] - zeros[0][i / COLUMNS];
        }
        Map<String, Long> options = new HashMap<>(ScaleGrid.CHANNEL.options(TensorType.F32, TensorType.F32));
        options.put("bits", (long) packing.bits());
        options.put("padded", packing.padded() ? 1L : 0L);
        Codec codec = new Codec(List.of("scaled.py", "pack_quantized.py"), options);
        ByteBuffer words = pack(codes, packing);
        // One column: packed along the rows, its words lie as those of one row do.
        ByteBuffer zeroWords = pack(zeros, packing);
        try (Kernels kernels = Kernels.compile(OpenModel.engine(), Codec.class, codec.kernels());
                Tensor packed =
                        kernels.stored("packed", TensorType.I32, Shape.of(ROWS, words.capacity() / 4 / ROWS), words);
                Tensor zero = kernels.stored("zero", TensorType.I32, Shape.of(zeroWords.capacity() / 4, 1), zeroWords);
                Tensor scale = OpenModel.engine().floats(1, 1, 1, 1, 1);
                Tensor shape = OpenModel.engine().longs(ROWS, COLUMNS);
                Tensor decoded = kernels.call(
                        "decode",
                        Map.of("packed", packed, "packed_zero_point", zero, "scale", scale, "shape", shape),
                        options)) {
            assertThat(kernels.floats(decoded)).containsExactly(expected);
        }
    }

    private static int[][] random(Random random, int rows, int columns, int levels) {
        int[][] codes = new int[rows][columns];
        for (int[] row : codes) {
            for (int i = 0; i < columns; i++) {
                row[i] = random.nextInt(levels);
            }
        }
        return codes;
    }

    private static ByteBuffer pack(int[][] codes, Packing packing) {
        int words = Math.toIntExact(packing.words(codes[0].length));
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * words * codes.length).order(ByteOrder.LITTLE_ENDIAN);
        int each = 32 / packing.bits();
        for (int row = 0; row < codes.length; row++) {
            for (int i = 0; i < codes[row].length; i++) {
                long bit = packing.padded() ? 32L * (i / each) + i % each * packing.bits() : (long) i * packing.bits();
                for (int b = 0; b < packing.bits(); b++, bit++) {
                    int at = row * 4 * words + (int) (bit >> 3);
                    int set = (codes[row][i] >> b & 1) << (bit & 7);
                    bytes.put(at, (byte) (bytes.get(at) | set));
                }
            }
        }
        return bytes;
    }
}
