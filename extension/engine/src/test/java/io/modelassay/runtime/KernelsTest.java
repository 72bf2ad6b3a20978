package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.Codec;
import io.modelassay.truth.OpenModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every stored type goes through the engine byte for byte or is refused before the engine sees it. */
class KernelsTest {
    private final Kernels kernels = Kernels.conversions(OpenModel.engine());

    @ParameterizedTest
    @EnumSource(
            names = {"F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "U16", "U32", "U64", "C64"},
            mode = EnumSource.Mode.EXCLUDE)
    void storedBytesComeBack(TensorType type) {
        byte[] bytes = new byte[12 * type.bits() / 8];
        new Random(20_262).nextBytes(bytes);
        if (type == TensorType.BOOL) {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] &= 1;
            }
        }
        try (Tensor tensor = kernels.stored("t", type, Shape.of(3, 4), direct(bytes))) {
            assertThat(tensor.shape()).isEqualTo(Shape.of(3, 4));
            assertThat(tensor.elements()).isEqualTo(12);
            byte[] back = new byte[bytes.length];
            kernels.bytes(tensor).get(back);
            assertThat(back).isEqualTo(bytes);
            assertThat(kernels.floats(tensor)).hasSize(12);
            assertThat(kernels.doubles(tensor)).hasSize(12);
            if (!type.isFloatingPoint()) {
                assertThat(kernels.longs(tensor)).hasSize(12);
            }
        }
        engineIsAlive();
    }

    @ParameterizedTest
    @EnumSource(names = {"F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "U16", "U32", "U64", "C64"})
    void typesThatTheEngineCannotTakeAreRefused(TensorType type) {
        ByteBuffer bytes = direct(new byte[12 * type.bits() / 8]);
        assertThatExceptionOfType(RuntimeFailure.class)
                .isThrownBy(() -> kernels.stored("model.norm.weight", type, Shape.of(3, 4), bytes))
                .withMessage("Tensor model.norm.weight is stored as " + type.label()
                        + ", a type that the PyTorch engine cannot compute with\n"
                        + "Try: only structural checks and value scans on this tensor")
                .satisfies(failure -> assertThat(failure.id()).isEqualTo("unsupported-dtype"));
        engineIsAlive();
    }

    @Test
    void bfloat16ValuesAreThoseOfTheirBits() {
        short[] bits = {0x3f80, (short) 0xc049, 0x0001, 0x7f7f, (short) 0x8000, 0x7f80};
        ByteBuffer bytes = ByteBuffer.allocateDirect(12).order(ByteOrder.LITTLE_ENDIAN);
        float[] expected = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            bytes.putShort(bits[i]);
            expected[i] = Float.intBitsToFloat(bits[i] << 16);
        }
        try (Tensor tensor = kernels.stored("t", TensorType.BF16, Shape.of(6), bytes.flip())) {
            assertThat(kernels.floats(tensor)).isEqualTo(expected);
        }
    }

    @Test
    void scalarsHaveBytesToo() {
        try (Tensor tensor = kernels.stored("t", TensorType.BF16, Shape.of(), direct(new byte[] {(byte) 0x80, 0x3f}))) {
            assertThat(tensor.shape().rank()).isZero();
            assertThat(kernels.bytes(tensor).remaining()).isEqualTo(2);
            assertThat(kernels.floats(tensor)).containsExactly(1);
        }
    }

    @Test
    void bytesThatDoNotFillTheShapeAreAnError() {
        assertThatExceptionOfType(RuntimeFailure.class)
                .isThrownBy(() -> kernels.stored("t", TensorType.BF16, Shape.of(3, 4), direct(new byte[22])))
                .satisfies(failure -> assertThat(failure.id()).isEqualTo("kernel-failed"));
        engineIsAlive();
    }

    @Test
    void anUnknownFunctionIsAnError() {
        assertThatExceptionOfType(RuntimeFailure.class)
                .isThrownBy(() -> kernels.call("no_such_function"))
                .satisfies(failure -> assertThat(failure.id()).isEqualTo("kernel-failed"));
        engineIsAlive();
    }

    @Test
    void aKernelFileThatIsNotThereIsAnError() {
        assertThatExceptionOfType(RuntimeFailure.class)
                .isThrownBy(() -> Kernels.compile(OpenModel.engine(), Codec.class, List.of("no_such_file.py")))
                .withMessage("No kernel file no_such_file.py beside io.modelassay.quantization.Codec")
                .satisfies(failure -> assertThat(failure.id()).isEqualTo("kernel-missing"));
    }

    private void engineIsAlive() {
        try (Tensor tensor = OpenModel.engine().floats(1, 2, 3)) {
            assertThat(kernels.floats(tensor)).containsExactly(1, 2, 3);
        }
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }
}
