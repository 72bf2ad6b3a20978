package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ValueScanTests {

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(TensorType.class)
    void agreesWithTheNaiveScannerOnRandomBits(TensorType type) {
        Random random = new Random(type.ordinal());
        int unit = type.bits() == 6 ? 12 : 8;
        for (int round = 0; round < 60; round++) {
            // From hardly any tail to several blocks with one; F4 and F6 in whole bytes.
            int count = (round < 40 ? random.nextInt(40) : 3000 + random.nextInt(9000)) / unit * unit
                    + (type.bits() >= 8 ? random.nextInt(8) : 0);
            byte[] content = new byte[(int) ((long) count * type.bits() / 8)];
            fill(content, random, round % 4);
            int shift = random.nextInt(9);
            ByteBuffer bytes = round % 2 == 0
                    ? ByteBuffer.allocateDirect(content.length + shift)
                    : ByteBuffer.allocate(content.length + shift);
            bytes.position(shift).put(content).position(shift);
            TensorScan scan = ValueScan.scan("t", type, Shape.of(count), bytes);
            assertThat(scan).as("round " + round).isEqualTo(NaiveScan.scan("t", type, content, count));
            assertThat(bytes.position()).isEqualTo(shift);
        }
    }

    /** Random bits are full of NaN; so also mostly small values, a single wild one, and all the same. */
    private static void fill(byte[] content, Random random, int kind) {
        random.nextBytes(content);
        if (kind == 1 || kind == 2) {
            for (int i = 0; i < content.length; i++) {
                content[i] &= 0x2B;
            }
            if (kind == 2 && content.length > 0) {
                content[random.nextInt(content.length)] = (byte) (random.nextBoolean() ? 0xFF : 0x80);
            }
        } else if (kind == 3) {
            java.util.Arrays.fill(content, (byte) random.nextInt(256));
        }
    }

    @ParameterizedTest
    @EnumSource(TensorType.class)
    void everyCodeOfOneByte(TensorType type) {
        if (type.bits() != 8) {
            return;
        }
        for (int code = 0; code < 256; code++) {
            byte[] content = new byte[9];
            content[code % 9] = (byte) code;
            assertThat(ValueScan.scan("t", type, Shape.of(9), ByteBuffer.wrap(content)))
                    .as("code " + code)
                    .isEqualTo(NaiveScan.scan("t", type, content, 9));
        }
    }

    @Test
    void knownCodes() {
        assertThat(scan(TensorType.F8_E4M3, 0x7E, 0xFF).absMax()).isEqualTo(448);
        assertThat(scan(TensorType.F8_E4M3, 0x7E, 0xFF).nan()).isEqualTo(1);
        assertThat(scan(TensorType.F8_E4M3, 0x01, 0).absMax()).isEqualTo(0.001953125);
        assertThat(scan(TensorType.F8_E5M2, 0xFB, 0x7C).absMax()).isEqualTo(57344);
        assertThat(scan(TensorType.F8_E5M2, 0xFB, 0x7C).inf()).isEqualTo(1);
        assertThat(scan(TensorType.F8_E4M3FNUZ, 0xFF, 0x80).absMax()).isEqualTo(240);
        assertThat(scan(TensorType.F8_E4M3FNUZ, 0xFF, 0x80).nan()).isEqualTo(1);
        assertThat(scan(TensorType.F8_E5M2FNUZ, 0x7F, 0x00).absMax()).isEqualTo(57344);
        assertThat(scan(TensorType.F8_E8M0, 127, 0xFF).absMax()).isEqualTo(1);
        assertThat(scan(TensorType.F8_E8M0, 127, 0xFF).firstNonFiniteIndex()).hasValue(1);
        assertThat(scan(TensorType.F16, 0xFF, 0x7B).absMax()).isEqualTo(65504);
        assertThat(scan(TensorType.F16, 0x00, 0xFC).inf()).isEqualTo(1);
        assertThat(scan(TensorType.BF16, 0x80, 0x3F).absMax()).isEqualTo(1);
        assertThat(scan(TensorType.BF16, 0xC0, 0x7F).nan()).isEqualTo(1);
        assertThat(scan(TensorType.F4, 0x0F, 0x00).absMax()).isEqualTo(6);
        assertThat(scan(TensorType.I8, 0x80, 0x7F).absMax()).isEqualTo(128);
        assertThat(scan(TensorType.U64, 255, 255, 255, 255, 255, 255, 255, 255).absMax())
                .isEqualTo(0x1p64);
    }

    private static TensorScan scan(TensorType type, int... codes) {
        byte[] content = new byte[codes.length];
        for (int i = 0; i < codes.length; i++) {
            content[i] = (byte) codes[i];
        }
        return ValueScan.scan("t", type, Shape.of(content.length * 8L / type.bits()), ByteBuffer.wrap(content));
    }

    @Test
    void complexNumbersCountOnce() {
        ByteBuffer bytes = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putFloat(1).putFloat(-2);
        bytes.putFloat(Float.POSITIVE_INFINITY).putFloat(Float.NaN);
        bytes.putFloat(Float.NEGATIVE_INFINITY).putFloat(5);
        bytes.putFloat(Float.NaN).putFloat(Float.NaN);
        assertThat(ValueScan.scan("c", TensorType.C64, Shape.of(4), bytes.flip()))
                .isEqualTo(new TensorScan("c", TensorType.C64, Shape.of(4), 4, 2, 1, 5, OptionalLong.of(1)));
    }

    @Test
    void emptyAndMismatchedBuffers() {
        TensorScan empty = ValueScan.scan("e", TensorType.F8_E8M0, Shape.of(0, 3), ByteBuffer.allocate(0));
        assertThat(empty.absMax()).isZero();
        assertThat(empty.isFinite()).isTrue();
        assertThatThrownBy(() -> ValueScan.scan("e", TensorType.F16, Shape.of(3), ByteBuffer.allocate(5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a F16 tensor of shape [3] does not have 5 bytes");
    }

    @Test
    void resultsDoNotDependOnThreads() {
        writeLarge();
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            List<Long> progress = new ArrayList<>();
            ScanReport alone = ValueScan.withThreads(1).scan(checkpoint);
            ScanReport four = ValueScan.withThreads(4)
                    .onProgress((done, total) -> {
                        assertThat(total).isEqualTo(checkpoint.byteSize());
                        progress.add(done);
                    })
                    .scan(checkpoint);
            assertThat(four.tensors()).isEqualTo(alone.tensors());
            assertThat(four.threads()).isEqualTo(4);
            assertThat(four.bytes()).isEqualTo(checkpoint.byteSize());
            assertThat(progress).isSorted().endsWith(checkpoint.byteSize());
            assertThat(four.tensors()).extracting(TensorScan::name).containsExactly("empty", "large", "small");
            TensorScan large = four.tensors().get(1);
            assertThat(large.nan()).isEqualTo(3);
            assertThat(large.absMax()).isEqualTo(7.5);
            assertThat(large.firstNonFiniteIndex()).hasValue(6_500_000);
            assertThat(four.nonFinite()).extracting(TensorScan::name).containsExactly("large");
            assertThat(ValueScan.create().scan(checkpoint, checkpoint.tensor("large")))
                    .isEqualTo(large);
        }
    }

    /** 30 MB of bf16, more than two chunks, NaN in the second and third, the largest value in the last. */
    private void writeLarge() {
        int count = 15_000_000;
        ByteBuffer bytes = ByteBuffer.allocate(2 * count).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            bytes.putShort(2 * i, (short) (0x3C00 + i % 251));
        }
        for (int index : new int[] {6_500_000, 6_500_003, 14_000_000}) {
            bytes.putShort(2 * index, (short) 0xFFC0);
        }
        bytes.putShort(2 * (count - 1), (short) 0xC0F0);
        try (SafetensorsWriter writer = SafetensorsWriter.to(folder.resolve("model.safetensors"))
                .tensor("large", TensorType.BF16, Shape.of(3, 5_000_000))
                .tensor("small", TensorType.I32, Shape.of(3))
                .tensor("empty", TensorType.F32, Shape.of(0))
                .open()) {
            writer.write("large", bytes);
            writer.write("small", ByteBuffer.allocate(12));
            writer.commit();
        }
    }

    @Test
    void failureInAThreadReachesTheCaller() {
        writeLarge();
        Checkpoint checkpoint = Checkpoint.open(folder);
        checkpoint.close();
        assertThatThrownBy(() -> ValueScan.withThreads(3).scan(checkpoint))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("(closed)");
        assertThatThrownBy(() -> ValueScan.withThreads(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void tensorBeyondTwoGigabytes() throws IOException {
        long length = (2L << 30) + 4098;
        String header = "{" + TestFiles.entry("t", "F16", "[" + length / 2 + "]", 0, length) + "}";
        Path file = folder.resolve("model.safetensors");
        byte[] start = TestFiles.bytes(header.getBytes(StandardCharsets.UTF_8), 0);
        long dataStart = start.length;
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(start));
            // Infinity as the very last element, 2.0 across the boundary of the first window.
            channel.write(ByteBuffer.wrap(new byte[] {0, 0x7C}), dataStart + length - 2);
            channel.write(ByteBuffer.wrap(new byte[] {0, 0x40}), dataStart + (1L << 30));
        }
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            TensorInfo tensor = checkpoint.tensor("t");
            assertThatThrownBy(() -> checkpoint.map(tensor))
                    .hasMessage("The tensor has " + length + " bytes, one buffer holds at most 2147483647 bytes"
                            + " (tensor-too-large)\n"
                            + "  file " + file + "\n"
                            + "  tensor \"t\"\n"
                            + "  byte offset " + dataStart + "\n"
                            + "Try: map it in slices: map(tensor, byteOffset, byteLength)");
            assertThat(checkpoint.map(tensor, length - 2, 2).getShort(0)).isEqualTo((short) 0x7C00);
            assertThat(checkpoint.map(tensor, 1L << 30, 2).getShort(0)).isEqualTo((short) 0x4000);
            ByteBuffer across = checkpoint.map(tensor, 100, Integer.MAX_VALUE - 1);
            assertThat(across.getShort((1 << 30) - 100)).isEqualTo((short) 0x4000);
            // The last slice alone: scanning 2 GiB of zeros would take the test seconds.
            long half = length / 2;
            TensorScan end = ValueScan.scan(
                    "end",
                    TensorType.F16,
                    Shape.of(half - (1L << 30) + 4),
                    checkpoint.map(tensor, (2L << 30) - 8, 4106));
            assertThat(end.inf()).isEqualTo(1);
            assertThat(end.firstNonFiniteIndex()).hasValue(2052);
        }
    }
}
