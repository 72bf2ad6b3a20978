package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Shape;
import org.junit.jupiter.api.Test;

class ScaleGridTest {
    private static final ScaleGrid NOTHING = ScaleGrid.TENSOR;

    @Test
    void oneScaleIsForTheTensorWhateverItsShape() {
        for (Shape scale : new Shape[] {Shape.of(), Shape.of(1), Shape.of(1, 1)}) {
            assertThat(ScaleGrid.of(Shape.of(64, 48), scale, new ScaleGrid(128, 128)))
                    .contains(ScaleGrid.TENSOR);
        }
    }

    @Test
    void aScaleForEachRowIsPerChannel() {
        assertThat(ScaleGrid.of(Shape.of(64, 48), Shape.of(64, 1), NOTHING)).contains(ScaleGrid.CHANNEL);
        assertThat(ScaleGrid.of(Shape.of(64, 48), Shape.of(64), NOTHING)).contains(ScaleGrid.CHANNEL);
    }

    @Test
    void groupsFollowTheShapeWhereTheConfigIsWrong() {
        assertThat(ScaleGrid.of(Shape.of(8, 512), Shape.of(8, 8), new ScaleGrid(1, 32)))
                .contains(new ScaleGrid(1, 64));
        assertThat(ScaleGrid.of(Shape.of(8, 512), Shape.of(8, 8), new ScaleGrid(1, 64)))
                .contains(new ScaleGrid(1, 64));
    }

    @Test
    void aShortLastGroupIsFitByTheDeclaredSize() {
        assertThat(ScaleGrid.of(Shape.of(8, 640), Shape.of(8, 2), new ScaleGrid(1, 512)))
                .contains(new ScaleGrid(1, 512));
    }

    @Test
    void blocksAtTheEdgeMayBeCutOff() {
        assertThat(ScaleGrid.of(Shape.of(576, 7168), Shape.of(5, 56), NOTHING)).contains(new ScaleGrid(128, 128));
        assertThat(new ScaleGrid(128, 128).scales(Shape.of(576, 7168))).isEqualTo(Shape.of(5, 56));
        assertThat(new ScaleGrid(128, 128).strategy()).isEqualTo("block");
    }

    @Test
    void anUndeclaredSizeIsADivisorOrAPowerOfTwo() {
        assertThat(ScaleGrid.of(Shape.of(8, 96), Shape.of(8, 2), NOTHING)).contains(new ScaleGrid(1, 48));
        assertThat(ScaleGrid.of(Shape.of(8, 200), Shape.of(8, 7), NOTHING)).contains(new ScaleGrid(1, 32));
        assertThat(ScaleGrid.of(Shape.of(128, 256), Shape.of(7, 3), NOTHING)).isEmpty();
    }

    @Test
    void expertsAreMatricesOfTheirOwn() {
        assertThat(ScaleGrid.of(Shape.of(4, 256, 384), Shape.of(4, 2, 3), NOTHING))
                .contains(new ScaleGrid(128, 128));
        assertThat(ScaleGrid.of(Shape.of(4, 256, 384), Shape.of(3, 2, 3), NOTHING))
                .isEmpty();
    }

    @Test
    void scalesThatFitNothingAreRefused() {
        assertThat(ScaleGrid.of(Shape.of(64, 48), Shape.of(65, 1), NOTHING)).isEmpty();
        assertThat(ScaleGrid.of(Shape.of(64, 48), Shape.of(64, 47), NOTHING)).isEmpty();
        assertThat(ScaleGrid.of(Shape.of(64, 48), Shape.of(48), NOTHING)).isEmpty();
        assertThat(ScaleGrid.of(Shape.of(64, 48), Shape.of(0, 1), NOTHING)).isEmpty();
        assertThat(ScaleGrid.of(Shape.of(64), Shape.of(64), NOTHING)).isEmpty();
        assertThat(ScaleGrid.of(Shape.of(0, 48), Shape.of(1), NOTHING)).isEmpty();
    }
}
