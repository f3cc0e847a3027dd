"""The image viewer: OpenSeadragon with grey values of up to 16 bits, display windows, differences and line profiles."""
