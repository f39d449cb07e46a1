import type { Preset } from '@/api/types'

/** The presets that come with the service, in English, by what they say in its database: one that was rewritten shows as it is. */
export const builtIn: Record<string, Pick<Preset, 'title' | 'category' | 'content'>> = {
  '高清增强 (HD enhance):提升这张照片的清晰度与细节,去除噪点和压缩痕迹,校正曝光与白平衡,让纹理与边缘自然锐利。保持构图、主体、文字和颜色关系不变,不要添加或删除任何内容。': {
    title: 'HD enhance',
    category: 'Enhancement',
    content:
      'HD enhance: make this photo sharper and more detailed, remove noise and compression artefacts, correct exposure and white balance, with textures and edges that look naturally crisp. Keep the composition, the subject, all text and the relations of colour; add or remove nothing.',
  },
  '艺术风格 (oil painting, artistic):把这张图片重绘为一幅厚涂油画,笔触有方向和层次,色彩饱满而和谐,光影富有戏剧性。保留主体的轮廓、姿态和构图,让人一眼认出原图。': {
    title: 'Artistic',
    category: 'Styles',
    content:
      'Artistic oil painting: repaint this picture as a thick oil painting, with brush strokes that have direction and layers, full and harmonious colours and dramatic light. Keep the subject’s outline, pose and composition, so that the original is recognised at once.',
  },
  '写实风格 (photorealistic):把这张图片变成专业相机拍摄的真实照片,自然的光线、准确的材质与肤色、细腻的层次和柔和的景深。保持主体与构图不变。': {
    title: 'Photorealistic',
    category: 'Styles',
    content:
      'Photorealistic: turn this picture into a real photograph as a professional camera takes it, with natural light, true materials and skin tones, fine tones and a focus that falls off gently. Keep the subject and the composition.',
  },
  '动漫风格 (anime, cartoon):把这张图片重绘为精致的日系动画画面,干净的线条、平整的色块、明快的配色和通透的光感。保留人物特征、姿态和场景构图。': {
    title: 'Anime',
    category: 'Styles',
    content:
      'Anime, cartoon: redraw this picture as a refined Japanese animation frame, with clean lines, flat areas of colour, a bright palette and clear light. Keep the features and poses of people and the composition of the scene.',
  },
  '水彩画风 (watercolour):把这张图片重绘为一幅手绘水彩画,颜料在湿纸上自然晕染,边缘有沉淀的水痕,留白通透,纸纹可见。保留主体轮廓与构图。': {
    title: 'Watercolour',
    category: 'Styles',
    content:
      'Watercolour: repaint this picture as a watercolour made by hand, with pigments that flow on wet paper, water marks drying at their edges, airy white space and visible paper grain. Keep the subject’s outline and the composition.',
  },
}
